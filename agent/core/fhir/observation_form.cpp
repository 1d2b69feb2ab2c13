#include "agent/core/fhir/observation_form.h"

#include <algorithm>

#include "agent/core/fhir/concepts.h"
#include "agent/core/fhir/shape.h"

namespace edge::fhir {

namespace {

constexpr std::string_view kTobacco = "72166-2";
constexpr std::string_view kAlcohol = "74013-4";
constexpr std::string_view kPregnancyStatus = "82810-3";
// Estimated delivery dates and outcomes: the value sets of the IPS pregnancy profiles.
constexpr std::string_view kPregnancyHistory[] = {"11778-8", "11779-6", "11780-4", "11636-8",
                                                  "11637-6", "11638-4", "11639-2", "11640-0",
                                                  "11612-9", "11613-7", "11614-5", "33065-4"};

bool has_loinc(const Node& observation, std::string_view code) {
  return has_coding(observation.find("code"), kLoinc, code);
}

bool has_category(const Node& observation, std::string_view code) {
  return has_coding(observation.find("category"), kObservationCategory, code);
}

bool is_pregnancy(const Node& observation) {
  return has_loinc(observation, kPregnancyStatus) ||
         std::any_of(std::begin(kPregnancyHistory), std::end(kPregnancyHistory),
                     [&](std::string_view code) { return has_loinc(observation, code); });
}

bool is_habit(const Node& observation) {
  return has_loinc(observation, kTobacco) || has_loinc(observation, kAlcohol);
}

bool has_loinc_code(const Node& observation) {
  const Node* code = observation.find("code");
  const Node* codings = code ? code->find("coding") : nullptr;
  return codings && std::any_of(codings->items.begin(), codings->items.end(),
                                [](const Node& coding) { return coding.string_at("system") == kLoinc; });
}

bool has_value(const Node& node) {
  return std::any_of(node.members.begin(), node.members.end(), [](const Member& member) {
    std::string_view name = member.name;
    if (name.starts_with('_')) name.remove_prefix(1);
    return name.size() > 5 && name.starts_with("value");
  });
}

void drop(Node& observation, std::initializer_list<const char*> elements, std::vector<std::string>& notes) {
  for (const char* element : elements) {
    if (!observation.find(element)) continue;
    observation.remove(element);
    notes.push_back(std::string("Observation.") + element + " left out: its profile forbids it");
  }
}

// The profiles know dateTime, some also Period.
void settle_effective(Node& observation, bool period_allowed, std::vector<std::string>& notes) {
  std::string date = choice_date(observation, "effective");
  bool fits = observation.find("effectiveDateTime") || observation.find("_effectiveDateTime") ||
              (period_allowed && observation.find("effectivePeriod"));
  if (fits) return;
  std::erase_if(observation.members, [](const Member& member) {
    return member.name.starts_with("effective") || member.name.starts_with("_effective");
  });
  if (date.empty())
    observation.set("_effectiveDateTime", absent_reason());
  else
    observation.set("effectiveDateTime", Node::string(date));
  notes.push_back("Observation.effective completed");
}

// ips-1: an imaging result is dated to the day at least; a vaguer date is a period.
void settle_imaging_date(Node& observation) {
  std::string date(observation.string_at("effectiveDateTime"));
  if (date.empty() || date.size() >= 8) return;
  observation.remove("effectiveDateTime");
  Node& period = observation.set("effectivePeriod", Node::object());
  period.set("start", Node::string(date));
  period.set("end", Node::string(date));
}

// obs-6, obs-7, ips-2, ips-3, vs-2, vs-3
void settle_values(Node& observation, std::vector<std::string>& notes) {
  if (has_value(observation)) observation.remove("dataAbsentReason");
  if (Node* components = observation.find("component")) {
    const Node* code = observation.find("code");
    if (has_value(observation))
      std::erase_if(components->items, [&](const Node& component) {
        const Node* own = component.find("code");
        const Node* coding = own ? own->first("coding") : nullptr;
        return coding && has_coding(code, coding->string_at("system"), coding->string_at("code"));
      });
    for (Node& component : components->items) {
      if (has_value(component))
        component.remove("dataAbsentReason");
      else if (!component.find("dataAbsentReason"))
        component.set("dataAbsentReason", unknown_concept());
    }
    if (components->items.empty()) observation.remove("component");
  }
  bool says = has_value(observation) || observation.find("component") || observation.find("hasMember") ||
              observation.find("dataAbsentReason");
  if (says) return;
  observation.set("dataAbsentReason", unknown_concept());
  notes.push_back("Observation.dataAbsentReason completed");
}

void need_performer(Node& observation, std::vector<std::string>& notes) {
  if (observation.find("performer")) return;
  observation.set("performer", Node::array()).items.push_back(absent_reason());
  notes.push_back("Observation.performer completed");
}

// The slice of a profile's own category holds one.
void single_category(Node& observation, std::string_view code) {
  Node* categories = observation.find("category");
  bool seen = false;
  if (categories)
    std::erase_if(categories->items, [&](const Node& category) {
      if (!has_coding(&category, kObservationCategory, code)) return false;
      return std::exchange(seen, true);
    });
}

}  // namespace

Section observation_section(const Node& observation) {
  if (is_pregnancy(observation)) return Section::kPregnancy;
  if (is_habit(observation)) return Section::kSocialHistory;
  if (has_category(observation, "vital-signs"))
    return has_loinc_code(observation) ? Section::kVitalSigns : Section::kResults;
  return has_category(observation, "social-history") ? Section::kSocialHistory : Section::kResults;
}

std::string complete_observation(Node& observation, std::vector<std::string>& notes) {
  bool laboratory = has_category(observation, "laboratory"), imaging = has_category(observation, "imaging");
  bool vital = observation_section(observation) == Section::kVitalSigns;
  if (is_habit(observation)) drop(observation, {"component"}, notes);
  if (is_pregnancy(observation))
    drop(observation, {"component", "bodySite", "specimen", "device", "referenceRange"}, notes);
  if (is_habit(observation) || is_pregnancy(observation))
    settle_effective(observation, false, notes);
  else if (laboratory || imaging || vital)
    settle_effective(observation, true, notes);
  if (imaging) settle_imaging_date(observation);
  if (laboratory || imaging) need_performer(observation, notes);
  if (laboratory) single_category(observation, "laboratory");
  if (imaging) single_category(observation, "imaging");
  if (vital) single_category(observation, "vital-signs");
  settle_values(observation, notes);
  return {};
}

Node unknown_concept() {
  Node coding = Node::object();
  coding.set("system", Node::string("http://terminology.hl7.org/CodeSystem/data-absent-reason"));
  coding.set("code", Node::string("unknown"));
  Node out = Node::object();
  out.set("coding", Node::array()).items.push_back(std::move(coding));
  return out;
}

}  // namespace edge::fhir
