#include "deploy/sample/record.h"

#include <cstdio>

namespace sample {

std::string day_text(long day) {
  // Howard Hinnant's civil_from_days.
  const long z = day + 719468;
  const long era = (z >= 0 ? z : z - 146096) / 146097;
  const long of_era = z - era * 146097;
  const long year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  const long of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const long shifted = (5 * of_year + 2) / 153;
  const long month = shifted < 10 ? shifted + 3 : shifted - 9;
  const long year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  char text[96];
  std::snprintf(text, sizeof text, "%04ld-%02ld-%02ld", year, month, of_year - (153 * shifted + 2) / 5 + 1);
  return text;
}

std::string time_text(long day, Random& random) {
  static constexpr const char* kZones[] = {"Z", "+01:00", "+02:00", "-05:00", "+05:30"};
  char text[128];
  std::snprintf(text, sizeof text, "T%02ld:%02ld:%02ld%s", random.between(7, 20), random.between(0, 59),
                random.between(0, 59), random.chance(15) ? ".250" : "");
  return day_text(day) + text + random.pick(std::span<const char* const>(kZones));
}

std::string decimal_text(long value, int decimals) {
  std::string digits = std::to_string(value < 0 ? -value : value);
  const auto places = static_cast<std::size_t>(decimals);
  if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
  if (places > 0) digits.insert(digits.size() - places, ".");
  return value < 0 ? "-" + digits : digits;
}

Json coding(const char* system, std::string_view code, std::string_view display) {
  return object({{"system", text(system)},
                 {"code", text(code)},
                 {"display", display.empty() ? Json() : text(display)}});
}

Json concept_of(const char* system, std::string_view code, std::string_view display) {
  return object({{"coding", array({coding(system, code, display)})},
                 {"text", display.empty() ? Json() : text(display)}});
}

Json concept_of(const Concept& entry) {
  return concept_of(system_url(entry.system), entry.code, entry.text);
}

Json words(std::string_view value) {
  return object({{"text", text(value)}});
}

Record::Record(const Wanted& wanted, SamplePatient& patient)
    : wanted_(wanted), patient_(patient), random_(wanted.seed, "patient", wanted.index) {}

void Record::set_life(long born, long last_day) {
  born_ = born;
  last_day_ = last_day;
}

void Record::put(const char* kind, const std::string& id, Json resource) {
  const bool urn = patient_.references == References::kUrn;
  std::string url =
      urn ? "urn:uuid:" + id : "https://his.sample.example/fhir/" + std::string(kind) + "/" + id;
  // With what stands around a resource in its Bundle.
  bytes_ += resource.size() + url.size() + 28 + (urn ? 36 + std::string_view(kind).size() : 0);
  patient_.entries.push_back({std::move(url), kind, std::move(resource)});
}

std::string Record::add(const char* kind, std::initializer_list<Member> members) {
  const std::string id = std::string_view(kind) == "Patient" ? patient_.id : random_.uuid();
  Json body = object(members);
  body.replace(0, 1, R"({"resourceType":")" + std::string(kind) + R"(","id":")" + id + R"(",)");
  put(kind, id, std::move(body));
  return id;
}

Json Record::reference(const char* kind, const std::string& id, std::string_view display) const {
  const bool urn = patient_.references == References::kUrn;
  return object({{"reference", text(urn ? "urn:uuid:" + id : std::string(kind) + "/" + id)},
                 {"display", display.empty() ? Json() : text(display)}});
}

Json Record::dangling(const char* kind) {
  return reference(kind, random_.uuid(), random_.chance(50) ? "Archived" : "");
}

std::string Record::shared_id(const char* kind, std::uint64_t index) const {
  return Random(wanted_.seed, kind, index).uuid();
}

Json Record::hospital() {
  const std::uint64_t index = random_.below(hospital_names().size());
  const std::string id = shared_id("Organization", index);
  if (shared_.insert(id).second) {
    put("Organization", id,
        object({{"resourceType", text("Organization")},
                {"id", text(id)},
                {"active", boolean(true)},
                {"name", text(hospital_names()[index])},
                {"telecom", array({object({{"system", text("phone")}, {"value", text("+00 555 0100")}})})},
                {"address", array({object({{"city", text(cities()[index % cities().size()])}})})}}));
  }
  return reference("Organization", id, hospital_names()[index]);
}

Json Record::clinician() {
  const std::uint64_t index = random_.below(clinician_names().size());
  const Name& name = clinician_names()[index];
  const std::string id = shared_id("Practitioner", index);
  if (shared_.insert(id).second) {
    put("Practitioner", id,
        object({{"resourceType", text("Practitioner")},
                {"id", text(id)},
                {"identifier", array({object({{"system", text("https://staff.sample.example")},
                                              {"value", text("C-" + std::to_string(4000 + index))}})})},
                {"name", array({object({{"family", text(name.family)},
                                        {"given", array({text(name.given)})},
                                        {"prefix", array({text("Dr.")})}})})}}));
  }
  return reference("Practitioner", id,
                   random_.chance(50) ? std::string("Dr. ") + name.family : std::string());
}

Json Record::medication(const Concept& drug) {
  const auto index = static_cast<std::uint64_t>(&drug - drugs().data());
  const std::string id = shared_id("Medication", index);
  if (shared_.insert(id).second) {
    put("Medication", id,
        object({{"resourceType", text("Medication")},
                {"id", text(id)},
                {"status", text("active")},
                {"code", concept_of(drug)},
                {"form", words(index % 2 == 0 ? "tablet" : "other form")}}));
  }
  return reference("Medication", id);
}

Json Record::note() {
  if (!random_.chance(20)) return {};
  return array({object({{"text", text(random_.pick(remarks()))}})});
}

}  // namespace sample
