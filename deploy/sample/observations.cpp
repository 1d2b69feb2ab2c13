// Vital signs, laboratory, social history, pregnancy.
#include "deploy/sample/record.h"

namespace sample {

namespace {

constexpr const char* kCategory = "http://terminology.hl7.org/CodeSystem/observation-category";
constexpr const char* kLoinc = "http://loinc.org";

Json category(const char* code) {
  return array({object({{"coding", array({coding(kCategory, code, "")})}})});
}

Json quantity(const std::string& value, const char* unit) {
  return object({{"value", value},
                 {"unit", text(unit)},
                 {"system", text("http://unitsofmeasure.org")},
                 {"code", text(unit)}});
}

Json visit(Record& record, const std::string& encounter) {
  return encounter.empty() ? Json() : record.reference("Encounter", encounter);
}

void add_blood_pressure(Record& record, const std::string& encounter, const std::string& when) {
  Random& random = record.random();
  const auto component = [&](const char* code, const char* name, long low, long high) {
    return object({{"code", concept_of(kLoinc, code, name)},
                   {"valueQuantity", quantity(decimal_text(random.between(low, high), 0), "mm[Hg]")}});
  };
  record.add("Observation",
             {{"status", text("final")},
              {"category", category("vital-signs")},
              {"code", concept_of(kLoinc, "85354-9", "Blood pressure panel with all children optional")},
              {"subject", record.patient_reference()},
              {"encounter", visit(record, encounter)},
              {"effectiveDateTime", text(when)},
              {"component", array({component("8480-6", "Systolic blood pressure", 84, 190),
                                   component("8462-4", "Diastolic blood pressure", 48, 112)})}});
}

// A value as laboratories write them: with zeros that matter, very small ones, words, or none.
Member laboratory_value(Random& random, const Measure& measure) {
  const std::uint64_t choice = random.below(100);
  if (choice < 4) return {"valueString", text(random.pick(remarks()))};
  if (choice < 7) {
    return {"valueCodeableConcept", concept_of("http://snomed.info/sct", "260385009", "Negative")};
  }
  if (choice < 10) {
    return {"dataAbsentReason", concept_of("http://terminology.hl7.org/CodeSystem/data-absent-reason",
                                           "not-performed", "Not Performed")};
  }
  if (choice < 13) return {"valueQuantity", quantity("1E-7", measure.unit)};
  return {"valueQuantity",
          quantity(decimal_text(random.between(measure.low, measure.high), measure.decimals), measure.unit)};
}

Json reference_range(const Measure& measure) {
  const long quarter = (measure.high - measure.low) / 4;
  return array(
      {object({{"low", quantity(decimal_text(measure.low + quarter, measure.decimals), measure.unit)},
               {"high", quantity(decimal_text(measure.high - quarter, measure.decimals), measure.unit)}})});
}

std::string add_result(Record& record, const std::string& encounter, const std::string& when) {
  Random& random = record.random();
  const Measure& measure = random.pick(laboratory());
  Json code = concept_of(kLoinc, measure.code, measure.text);
  if (random.chance(45)) {
    const std::string number = std::to_string(random.between(1, 3000));
    code = concept_of("https://codes.sample.example/laboratory", "T" + number, "House test " + number);
  }
  return record.add("Observation",
                    {{"status", text(random.chance(92) ? "final" : "preliminary")},
                     {"category", category("laboratory")},
                     {"code", code},
                     {"subject", record.patient_reference()},
                     {"encounter", visit(record, encounter)},
                     {"effectiveDateTime", text(when)},
                     {"issued", text(when.size() > 10 ? when : when + "T06:00:00Z")},
                     {"performer", random.chance(25) ? array({record.hospital()}) : Json()},
                     laboratory_value(random, measure),
                     {"note", record.note()},
                     {"referenceRange", random.chance(50) ? reference_range(measure) : Json()}});
}

}  // namespace

void add_vital_signs(Record& record, const std::string& encounter, long day) {
  Random& random = record.random();
  const std::string when = time_text(day, random);
  for (const Measure& measure : vital_signs()) {
    if (random.chance(25)) continue;
    record.add(
        "Observation",
        {{"status", text("final")},
         {"category", category("vital-signs")},
         {"code", concept_of(kLoinc, measure.code, measure.text)},
         {"subject", record.patient_reference()},
         {"encounter", visit(record, encounter)},
         {"effectiveDateTime", text(when)},
         {"valueQuantity", quantity(decimal_text(random.between(measure.low, measure.high), measure.decimals),
                                    measure.unit)}});
  }
  add_blood_pressure(record, encounter, when);
}

void add_laboratory(Record& record, const std::string& encounter, long day) {
  Random& random = record.random();
  const std::string when = time_text(day, random);
  std::vector<Json> results;
  for (long i = random.between(2, 9); i > 0; --i)
    results.push_back(record.reference("Observation", add_result(record, encounter, when)));
  if (random.chance(10)) results.push_back(record.dangling("Observation"));
  record.add("DiagnosticReport",
             {{"status", text("final")},
              {"category",
               array({concept_of("http://terminology.hl7.org/CodeSystem/v2-0074", "LAB", "Laboratory")})},
              {"code", concept_of(kLoinc, "11502-2", "Laboratory report")},
              {"subject", record.patient_reference()},
              {"encounter", visit(record, encounter)},
              {"effectiveDateTime", text(when)},
              {"issued", text(when)},
              {"result", array(results)},
              {"conclusion", random.chance(15) ? text(random.pick(remarks())) : Json()}});
}

void add_social_history(Record& record, long day) {
  Random& random = record.random();
  record.add("Observation", {{"status", text("final")},
                             {"category", category("social-history")},
                             {"code", concept_of(kLoinc, "72166-2", "Tobacco smoking status")},
                             {"subject", record.patient_reference()},
                             {"effectiveDateTime", text(day_text(day))},
                             {"valueCodeableConcept", concept_of(random.pick(smoking()))}});
  record.add("Observation",
             {{"status", text("final")},
              {"category", category("social-history")},
              {"code", concept_of(kLoinc, "74013-4", "Alcoholic drinks per day")},
              {"subject", record.patient_reference()},
              {"effectiveDateTime", text(day_text(day).substr(0, 7))},
              {"valueQuantity", quantity(decimal_text(random.between(0, 45), 1), "{wine glasses}/d")}});
}

void add_pregnancy(Record& record, long day) {
  record.add("Observation",
             {{"status", text("final")},
              {"code", concept_of(kLoinc, "82810-3", "Pregnancy status")},
              {"subject", record.patient_reference()},
              {"effectiveDateTime", text(day_text(day))},
              {"valueCodeableConcept", concept_of("http://snomed.info/sct", "77386006", "Pregnant")}});
  record.add("Observation", {{"status", text("final")},
                             {"code", concept_of(kLoinc, "11778-8", "Delivery date Estimated")},
                             {"subject", record.patient_reference()},
                             {"effectiveDateTime", text(day_text(day))},
                             {"valueDateTime", text(day_text(day + 190))}});
}

}  // namespace sample
