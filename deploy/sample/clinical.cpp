// Problems, allergies, medicines, immunizations, procedures, devices, plans.
#include "deploy/sample/record.h"

namespace sample {

namespace {

constexpr const char* kConditionStatus = "http://terminology.hl7.org/CodeSystem/condition-clinical";
constexpr const char* kConditionVerification = "http://terminology.hl7.org/CodeSystem/condition-ver-status";
constexpr const char* kAllergyStatus = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical";
constexpr const char* kAllergyVerification =
    "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification";

Json at_encounter(Record& record, const std::string& encounter) {
  if (encounter.empty()) return {};
  return record.random().chance(3) ? record.dangling("Encounter") : record.reference("Encounter", encounter);
}

// Now and then somebody typed words instead of choosing a code.
Json problem_code(Record& record) {
  const std::uint64_t choice = record.random().below(100);
  if (choice < 6) return words(record.random().pick(remarks()));
  if (choice < 30) {
    const std::string number = std::to_string(record.random().between(100, 999));
    return concept_of("https://codes.sample.example/findings", "F" + number, "Finding no. " + number);
  }
  return concept_of(record.random().pick(problems()));
}

Json dosage(Record& record) {
  Random& random = record.random();
  static constexpr const char* kAmounts[] = {"1", "2", "0.5", "1.50", "1E-1", "10.0"};
  if (random.chance(20)) return {};
  const Json repeat =
      object({{"frequency", number(random.between(1, 4))}, {"period", Json("1")}, {"periodUnit", text("d")}});
  const Json dose = object({{"value", Json(random.pick(std::span<const char* const>(kAmounts)))},
                            {"unit", text("tablet")},
                            {"system", text("http://unitsofmeasure.org")},
                            {"code", text("{tbl}")}});
  return array({object({{"text", random.chance(10) ? text(random.pick(remarks())) : text("with water")},
                        {"timing", object({{"repeat", repeat}})},
                        {"asNeededBoolean", boolean(random.chance(25))},
                        {"doseAndRate", array({object({{"doseQuantity", dose}})})}})});
}

}  // namespace

std::string add_encounter(Record& record, long day) {
  Random& random = record.random();
  const bool stay = random.chance(12);
  const Json kind = coding("http://terminology.hl7.org/CodeSystem/v3-ActCode", stay ? "IMP" : "AMB", "");
  const std::string start = time_text(day, random);
  return record.add(
      "Encounter",
      {{"status", text("finished")},
       {"class", kind},
       {"type", array({words(stay ? "Hospital stay" : "Consultation")})},
       {"subject", record.patient_reference()},
       {"participant", array({object({{"individual", record.clinician()}})})},
       {"period", object({{"start", text(start)}, {"end", text(day_text(day + (stay ? 4 : 1)))}})},
       {"serviceProvider", record.hospital()}});
}

void add_problem(Record& record, const std::string& encounter, long day, bool resolved) {
  Random& random = record.random();
  const std::uint64_t doubt = random.below(40);
  const bool mistake = doubt == 0;  // entered-in-error: then no clinical status
  const char* verified = mistake ? "entered-in-error" : doubt == 1 ? "refuted" : "confirmed";
  const bool partial = random.chance(10);  // only the year is remembered
  record.add(
      "Condition",
      {{"clinicalStatus",
        mistake ? Json() : concept_of(kConditionStatus, resolved ? "resolved" : "active", "")},
       {"verificationStatus", object({{"coding", array({coding(kConditionVerification, verified, "")})}})},
       {"category", array({concept_of("http://terminology.hl7.org/CodeSystem/condition-category",
                                      "problem-list-item", "Problem List Item")})},
       {"severity", random.chance(30) ? concept_of("http://snomed.info/sct", "6736007", "Moderate") : Json()},
       {"code", problem_code(record)},
       {"subject", record.patient_reference()},
       {"encounter", at_encounter(record, encounter)},
       {"onsetDateTime", text(partial ? day_text(day).substr(0, 4) : time_text(day, random))},
       {"abatementDateTime", resolved && !mistake ? text(day_text(day + random.between(5, 40))) : Json()},
       {"recordedDate", text(day_text(day))},
       {"note", record.note()}});
}

void add_allergy(Record& record) {
  Random& random = record.random();
  const Json manifestation = array({concept_of(random.pick(reactions()))});
  const Json reaction = array({object(
      {{"manifestation", manifestation}, {"severity", text(random.chance(20) ? "severe" : "mild")}})});
  const bool food = random.chance(40);
  const std::string since = day_text(record.born() + random.between(30, record.last_day() - record.born()));
  record.add(
      "AllergyIntolerance",
      {{"clinicalStatus",
        object({{"coding", array({coding(kAllergyStatus, random.chance(85) ? "active" : "resolved", "")})}})},
       {"verificationStatus", object({{"coding", array({coding(kAllergyVerification, "confirmed", "")})}})},
       {"type", text("allergy")},
       {"category", array({text(food ? "food" : "environment")})},
       {"criticality", random.chance(30) ? text("high") : text("low")},
       {"code", concept_of(random.pick(allergens()))},
       {"patient", record.patient_reference()},
       {"recordedDate", text(since)},
       {"note", record.note()},
       {"reaction", random.chance(70) ? reaction : Json()}});
}

void add_medication_request(Record& record, const std::string& encounter, long day) {
  Random& random = record.random();
  const Concept& drug = random.pick(drugs());
  const bool by_reference = random.chance(50);
  static constexpr const char* kStatuses[] = {"active", "active", "completed", "stopped"};
  record.add("MedicationRequest",
             {{"status", text(random.pick(std::span<const char* const>(kStatuses)))},
              {"intent", text("order")},
              {"medicationCodeableConcept", by_reference ? Json() : concept_of(drug)},
              {"medicationReference", by_reference ? record.medication(drug) : Json()},
              {"subject", record.patient_reference()},
              {"encounter", at_encounter(record, encounter)},
              {"authoredOn", text(time_text(day, random))},
              {"requester", random.chance(80) ? record.clinician() : record.dangling("Practitioner")},
              {"note", record.note()},
              {"dosageInstruction", dosage(record)}});
}

void add_medication_statement(Record& record, long day) {
  Random& random = record.random();
  const Concept& drug = random.pick(drugs());
  const bool by_reference = random.chance(50);
  record.add("MedicationStatement",
             {{"status", text(random.chance(70) ? "active" : "completed")},
              {"medicationCodeableConcept", by_reference ? Json() : concept_of(drug)},
              {"medicationReference", by_reference ? record.medication(drug) : Json()},
              {"subject", record.patient_reference()},
              // A third says nothing about when: the document has to say that it is unknown.
              {"effectivePeriod",
               random.chance(66) ? object({{"start", text(day_text(day).substr(0, 7))}}) : Json()},
              {"note", record.note()},
              {"dosage", dosage(record)}});
}

void add_immunization(Record& record, const std::string& encounter, long day) {
  Random& random = record.random();
  record.add(
      "Immunization",
      {{"status", text(random.chance(95) ? "completed" : "not-done")},
       {"vaccineCode", concept_of(random.pick(vaccines()))},
       {"patient", record.patient_reference()},
       {"encounter", at_encounter(record, encounter)},
       {"occurrenceDateTime", text(time_text(day, random))},
       {"primarySource", boolean(random.chance(80))},
       {"lotNumber", random.chance(40) ? text("L" + std::to_string(random.between(1000, 9999))) : Json()},
       {"note", record.note()}});
}

void add_procedure(Record& record, const std::string& encounter, long day) {
  Random& random = record.random();
  const std::string number = std::to_string(random.between(1, 400));
  const bool period = random.chance(50);
  record.add("Procedure",
             {{"status", text(random.chance(90) ? "completed" : "not-done")},
              {"code", random.chance(60) ? concept_of(random.pick(procedures()))
                                         : concept_of("https://codes.sample.example/procedures", "P" + number,
                                                      "Local procedure " + number)},
              {"subject", record.patient_reference()},
              {"encounter", at_encounter(record, encounter)},
              {"performedPeriod",
               period ? object({{"start", text(time_text(day, random))}, {"end", text(day_text(day + 1))}})
                      : Json()},
              {"performedDateTime", period ? Json() : text(day_text(day))},
              {"performer", random.chance(50) ? array({object({{"actor", record.clinician()}})}) : Json()},
              {"note", record.note()}});
}

void add_device(Record& record, long day) {
  Random& random = record.random();
  const Concept& device = random.pick(devices());
  const std::string id = record.add(
      "Device",
      {{"status", text("active")},
       {"deviceName", array({object({{"name", text(device.text)}, {"type", text("user-friendly-name")}})})},
       {"type", concept_of(device)},
       {"patient", record.patient_reference()}});
  record.add("DeviceUseStatement", {{"status", text("active")},
                                    {"subject", record.patient_reference()},
                                    {"timingDateTime", text(day_text(day))},
                                    {"device", record.reference("Device", id, device.text)}});
}

void add_plans(Record& record, long day) {
  Random& random = record.random();
  const Json activity = object(
      {{"detail", object({{"status", text("in-progress")}, {"description", text(random.pick(remarks()))}})}});
  record.add("CarePlan", {{"status", text("active")},
                          {"intent", text("plan")},
                          {"category", array({words("Self-care")})},
                          {"title", text("Plan of " + day_text(day))},
                          {"subject", record.patient_reference()},
                          {"period", object({{"start", text(day_text(day))}})},
                          {"activity", array({activity, activity})}});
  if (random.chance(40)) {
    record.add("Flag", {{"status", text(random.chance(80) ? "active" : "inactive")},
                        {"code", words("Danger of falling")},
                        {"subject", record.patient_reference()},
                        {"period", object({{"start", text(day_text(day))}})}});
  }
  if (random.chance(30)) {
    record.add("Consent",
               {{"status", text("active")},
                {"scope", concept_of("http://terminology.hl7.org/CodeSystem/consentscope", "adr",
                                     "Advanced Care Directive")},
                {"category", array({concept_of("http://loinc.org", "42348-3", "Advance directives")})},
                {"patient", record.patient_reference()},
                {"dateTime", text(day_text(day))},
                {"policyRule", words("Living will")}});
  }
}

}  // namespace sample
