#include "deploy/sample/patient_generator.h"

#include <algorithm>

#include "deploy/sample/record.h"

namespace sample {

namespace {

constexpr const char* kMedicalRecord = "https://his.sample.example/mrn";
constexpr const char* kNationalNumber = "https://id.sample.example/person";

struct Life {
  long born = 0;
  long last_day = Record::kToday;
};

// Among any twelve neighbours there is an infant, somebody who died, and everything between.
Life choose_life(Record& record, std::uint64_t index, SamplePatient& patient) {
  Random& random = record.random();
  patient.infant = index % 12 == 3;
  patient.deceased = index % 12 == 5;
  if (patient.infant) return {Record::kToday - random.between(20, 330), Record::kToday};
  const long born = Record::kToday - random.between(3, 98) * 365 - random.between(0, 364);
  if (!patient.deceased) return {born, Record::kToday};
  return {born, born + random.between(365, Record::kToday - born)};
}

Json name_json(Record& record, const Name& name, SamplePatient& patient) {
  patient.name = name.given;
  if (*name.given != '\0' && *name.family != '\0') patient.name += ' ';
  patient.name += name.family;
  std::vector<Json> given;
  std::string_view rest(name.given);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    given.push_back(text(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const Json family = *name.family == '\0' ? Json() : text(name.family);
  Json official = object({{"use", text("official")}, {"family", family}, {"given", array(given)}});
  if (record.random().chance(25))
    return array({object({{"use", text("old")}, {"family", text("Formerly")}}), official});
  return array({official});
}

Json identifiers_json(Record& record, std::uint64_t index, SamplePatient& patient) {
  if (index % 24 == 23) return {};  // found by the logical id alone
  patient.identifier_system = kMedicalRecord;
  patient.identifier_value = "MRN-" + patient.id.substr(0, 8) + "-" + std::to_string(index);
  const Json mrn = object(
      {{"type",
        object({{"coding", array({coding("http://terminology.hl7.org/CodeSystem/v2-0203", "MR", "")})}})},
       {"system", text(patient.identifier_system)},
       {"value", text(patient.identifier_value)}});
  const Json national =
      object({{"system", text(kNationalNumber)},
              {"value", text(std::to_string(record.random().between(1'000'000, 999'999'999)))}});
  return array({mrn, record.random().chance(70) ? national : Json()});
}

// A life of visits, the newest at the end; the further apart, the longer the life.
void add_visit(Record& record, long day) {
  Random& random = record.random();
  const std::string encounter = add_encounter(record, day);
  if (random.chance(80)) add_vital_signs(record, encounter, day);
  if (random.chance(45)) add_laboratory(record, encounter, day);
  if (random.chance(35)) add_problem(record, encounter, day, random.chance(60));
  if (random.chance(35)) add_medication_request(record, encounter, day);
  if (random.chance(30)) add_procedure(record, encounter, day);
  if (random.chance(25)) add_immunization(record, encounter, day);
  if (random.chance(6)) add_plans(record, day);
}

// The steps of a record, called until the wanted size is reached. False: there is nothing more to say.
bool add_step(Record& record, std::uint64_t step, std::uint64_t index, long visits) {
  Random& random = record.random();
  const long recent = std::max(record.born(), record.last_day() - random.between(0, 700));
  const bool adult = record.age_on(record.last_day()) >= 16;
  switch (step) {
    case 0:
      add_problem(record, {}, recent, false);
      return true;
    case 1:
      if (index % 3 != 0) add_allergy(record);
      return true;
    case 2:
      add_medication_statement(record, recent);
      return true;
    case 3:
      add_immunization(record, {}, recent);
      return true;
    case 4:
      if (adult) add_social_history(record, recent);
      return true;
    case 5:
      if (index % 7 == 1 && adult) add_pregnancy(record, recent);
      return true;
    case 6:
      if (index % 5 == 2 && adult) add_device(record, recent);
      return true;
    case 7:
      if (index % 4 == 1) add_plans(record, recent);
      return true;
    case 8:
      if (index % 6 == 4) add_allergy(record);
      return true;
    default:
      break;
  }
  if (visits >= 0 && step >= 9 + static_cast<std::uint64_t>(visits)) return false;
  add_visit(record, random.between(record.born(), record.last_day()));
  return true;
}

void add_patient(Record& record, const Wanted& wanted) {
  const std::uint64_t index = wanted.index;
  SamplePatient& patient = record.patient();
  Random& random = record.random();
  static constexpr const char* kGenders[] = {"female", "male", "female", "male", "other", "unknown"};
  const auto names = index % 2 == 0 ? latin_names() : other_names();
  const Name& name = names[(wanted.seed + index / 2) % names.size()];
  const bool exact = patient.infant || random.chance(90);  // of some only the year of birth is known
  const Json died =
      patient.deceased && random.chance(70) ? text(time_text(record.last_day(), random)) : Json();
  const std::string phone = "+00 555 " + std::to_string(random.between(1000, 9999));
  const std::string street = "Sample street " + std::to_string(random.between(1, 220));
  record.add(
      "Patient",
      {{"identifier", identifiers_json(record, index, patient)},
       {"name", name_json(record, name, patient)},
       {"telecom", array({object({{"system", text("phone")}, {"value", text(phone)}})})},
       {"gender", text(random.pick(std::span<const char* const>(kGenders)))},
       {"birthDate", text(exact ? day_text(record.born()) : day_text(record.born()).substr(0, 4))},
       {"deceasedBoolean", patient.deceased && died.empty() ? boolean(true) : Json()},
       {"deceasedDateTime", died},
       {"address", array({object({{"line", array({text(street)})}, {"city", text(random.pick(cities()))}})})},
       {"generalPractitioner", random.chance(40) ? array({record.clinician()}) : Json()}});
  // The clinician's entry was written while the patient's was put together.
  std::rotate(patient.entries.begin(), patient.entries.end() - 1, patient.entries.end());
}

}  // namespace

SamplePatient generate_patient(const Wanted& wanted) {
  SamplePatient patient;
  patient.id = Random(wanted.seed, "Patient", wanted.index).uuid();
  patient.references = wanted.index % 4 == 2 ? References::kRelative : References::kUrn;
  Record record(wanted, patient);
  const Life life = choose_life(record, wanted.index, patient);
  record.set_life(life.born, life.last_day);
  add_patient(record, wanted);
  const long years = record.age_on(life.last_day);
  const long visits = wanted.bytes != 0 ? -1 : 1 + record.random().between(years / 4, years);
  std::uint64_t step = 0;
  while ((wanted.bytes == 0 || record.bytes() < wanted.bytes) && add_step(record, step, wanted.index, visits))
    ++step;
  return patient;
}

std::string as_bundle(const SamplePatient& patient) {
  const bool urn = patient.references == References::kUrn;
  std::string out = R"({"resourceType":"Bundle","type":")" + std::string(urn ? "transaction" : "collection") +
                    R"(","entry":[)";
  bool first = true;
  for (const Entry& entry : patient.entries) {
    out += first ? "\n" : ",\n";
    first = false;
    out += R"({"fullUrl":")" + entry.full_url + R"(","resource":)" + entry.resource;
    if (urn) out += R"(,"request":{"method":"POST","url":")" + entry.request_url + R"("})";
    out += '}';
  }
  return out += "\n]}\n";
}

std::string as_ndjson(const SamplePatient& patient) {
  std::string out;
  for (const Entry& entry : patient.entries) out += entry.resource + '\n';
  return out;
}

}  // namespace sample
