#include "agent/core/fhir/type_rules.h"

#include <charconv>
#include <optional>

#include "agent/core/fhir/primitives.h"

namespace edge::fhir {

namespace {

constexpr std::string_view kUcum = "http://unitsofmeasure.org";

std::optional<double> number_at(const Node& value, std::string_view name) {
  const Node* node = value.find(name);
  double number = 0;
  if (!node || node->kind != Node::Kind::kNumber) return std::nullopt;
  std::from_chars(node->text.data(), node->text.data() + node->text.size(), number);
  return number;
}

bool has(const Node& value, std::string_view name) {
  return value.find(name) != nullptr;
}

// cpt-2
void contact_point(Node& value) {
  if (has(value, "value") && !has(value, "system")) value.set("system", Node::string("other"));
}

// qty-3; age-1, drt-1, dis-1, cnt-3 ask for UCUM as well
void quantity(std::string_view type, Node& value) {
  bool ucum = value.string_at("system") == kUcum;
  bool plain = type == "Quantity";
  if (has(value, "code") && !has(value, "system")) value.remove("code");
  if (type == "Duration" && has(value, "code") && (!ucum || !has(value, "value"))) {
    value.remove("code");
    value.remove("system");
  }
  bool measures = ucum && has(value, "code");
  if (!plain && type != "Duration" && has(value, "value") && !measures) value = Node::object();
}

// per-1
void period(Node& value) {
  std::string start = sortable_time(value.string_at("start")), end = sortable_time(value.string_at("end"));
  std::size_t common = std::min(start.size(), end.size());
  if (start.substr(0, common) > end.substr(0, common)) value.remove("end");
}

// rng-2
void range(Node& value) {
  const Node* low = value.find("low");
  const Node* high = value.find("high");
  if (low && high && number_at(*low, "value") > number_at(*high, "value")) value = Node::object();
}

// rat-1
void ratio(Node& value) {
  bool both = has(value, "numerator") && has(value, "denominator");
  if (!both && (has(value, "numerator") || has(value, "denominator") || !has(value, "extension")))
    value = Node::object();
}

// att-1
void attachment(Node& value) {
  if (has(value, "data") && !has(value, "contentType"))
    value.set("contentType", Node::string("application/octet-stream"));
}

// tim-1 to tim-10
void timing_repeat(Node& value) {
  auto both = [&](const char* name, const char* needs) { return !has(value, name) || has(value, needs); };
  auto positive = [&](const char* name) { return number_at(value, name).value_or(0) >= 0; };
  bool timed = !has(value, "timeOfDay") || !has(value, "when");
  bool offset = both("offset", "when");
  if (const Node* when = value.find("when"); when && has(value, "offset"))
    for (const Node& code : when->items)
      if (code.text == "C" || code.text == "CM" || code.text == "CD" || code.text == "CV") offset = false;
  bool stands = both("duration", "durationUnit") && both("period", "periodUnit") && positive("duration") &&
                positive("period") && both("periodMax", "period") && both("durationMax", "duration") &&
                both("countMax", "count") && offset && timed;
  if (!stands) value = Node::object();
}

bool any_of(const Node& value, std::initializer_list<std::string_view> names) {
  for (std::string_view name : names)
    if (has(value, name) || has(value, std::string("_") + std::string(name))) return true;
  return false;
}

// Backbone elements that say nothing without one of these (con-1, con-2, obs-3, pat-1, imm-1, imr-1, mad-1).
void needs_one(std::string_view type, Node& value) {
  bool stands = true;
  if (type == "Condition.stage") stands = any_of(value, {"summary", "assessment"});
  if (type == "Condition.evidence") stands = any_of(value, {"code", "detail"});
  if (type == "Observation.referenceRange") stands = any_of(value, {"low", "high", "text"});
  if (type == "Patient.contact") stands = any_of(value, {"name", "telecom", "address", "organization"});
  if (type == "Immunization.education") stands = any_of(value, {"documentType", "reference"});
  if (type == "MedicationAdministration.dosage")
    stands = any_of(value, {"dose", "rateRatio", "rateQuantity"});
  if (type == "ImmunizationRecommendation.recommendation")
    stands = any_of(value, {"vaccineCode", "targetDisease"});
  if (!stands) value = Node::object();
}

}  // namespace

void keep_invariants(std::string_view type, Node& value, std::vector<std::string>& notes) {
  std::size_t before = value.members.size();
  if (type == "ContactPoint")
    contact_point(value);
  else if (type == "Quantity" || type == "Age" || type == "Duration" || type == "Distance" || type == "Count")
    quantity(type, value);
  else if (type == "Period")
    period(value);
  else if (type == "Range")
    range(value);
  else if (type == "Ratio")
    ratio(value);
  else if (type == "Attachment")
    attachment(value);
  else if (type == "Timing.repeat")
    timing_repeat(value);
  else if (type == "CarePlan.activity" && has(value, "detail"))
    value.remove("reference");  // cpl-3
  else
    needs_one(type, value);
  if (value.members.size() != before)
    notes.push_back(std::string(type) + " put right: it broke an invariant");
}

}  // namespace edge::fhir
