#include <catch2/catch.hpp>

#include "agent/core/fhir/prepared.h"
#include "tests/unit/edge_fhir/sample_document.h"

using namespace edge::fhir;
using test_support::prepared;

namespace {

const std::string kObservation =
    R"({"resourceType":"Observation","id":"o1","status":"final","category":[{"coding":[{"system":)"
    R"("http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"code":{"coding":[{"system":)"
    R"("http://loinc.org","code":"4548-4"}],"text":"HbA1c"},"subject":{"reference":"Patient/p1"},)"
    R"("encounter":{"reference":"Encounter/e1"},"effectiveDateTime":"2020-06-01T10:30:00+02:00",)"
    R"("valueQuantity":{"value": 1.50 ,"unit":"%"}})";

std::string reason(const std::string& json) {
  auto result = prepare(json, "");
  return result ? "accepted" : result.error().reason;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string condition(const std::string& members) {
  return R"({"resourceType":"Condition","id":"c1","code":{"text":"x"},"subject":{"reference":"Patient/p1"})" +
         members + "}";
}

}  // namespace

TEST_CASE("a result keeps its decimals and gets what its profile asks for") {
  Prepared result = prepared(kObservation);
  CHECK(contains(result.source, R"("value":1.50,)"));
  CHECK(contains(result.ips, R"("value":1.50,)"));
  CHECK(contains(result.ips_canonical, R"("value":1.5})"));
  CHECK(contains(
      result.ips,
      R"("performer":[{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason")"));
  CHECK_FALSE(contains(result.ips, "ncounter"));
  CHECK(result.section == Section::kResults);
  CHECK(result.key == "Observation/o1");
  CHECK(result.patient_key == "Patient/p1");
  CHECK(result.date == "2020-06-01T08:30:00Z");
  CHECK(result.code == "http://loinc.org|4548-4");
  CHECK(contains(result.narrative_row, "1.50 %"));
  CHECK(std::count(result.notes.begin(), result.notes.end(), "Observation.performer completed") == 1);
}

TEST_CASE("what is not FHIR R4 is refused with its place") {
  auto [json, expected] = GENERATE(table<std::string, std::string>({
      {"[]", "not a JSON object"},
      {R"({"resourceType":"Patient")", "not valid JSON"},
      {R"({"resourceType":"Patient"} x)", ""},
      {R"({"id":"1"})", "resourceType: missing or not a FHIR R4 resource"},
      {R"({"resourceType":"Zebra"})", "resourceType: missing or not a FHIR R4 resource"},
      {R"({"resourceType":"Patient","id":"a","id":"b"})", "a member name occurs twice in one object"},
      {R"({"resourceType":"Patient","birthDate":"2020-02-30"})", "Patient.birthDate: not a FHIR date"},
      {R"({"resourceType":"Patient","gender":"F"})", "Patient.gender: a code outside its required value set"},
      {R"({"resourceType":"Patient","name":{"family":"x"}})", "Patient.name: must be an array"},
      {R"({"resourceType":"Patient","active":"true"})", "Patient.active: not a FHIR boolean"},
      {R"({"resourceType":"Patient","deceasedBoolean":true,"deceasedDateTime":"2020"})",
       "Patient.deceased: more than one of its types"},
      {R"({"resourceType":"Observation","code":{"text":"x"}})",
       "Observation.status: required element is missing"},
      {R"({"resourceType":"Condition","code":{"text":"x"}})",
       "Condition.subject: required element is missing"},
      {condition(R"(,"clinicalStatus":{"coding":[{"system":"x","code":"active"}]})"),
       "Condition.clinicalStatus: no code of its required value set"},
      {condition(R"(,"onsetDateTime":"2020-01-01T10:00")"), "Condition.onset: not a FHIR dateTime"},
      {condition(R"(,"recordedDate":7)"), "Condition.recordedDate: not a FHIR dateTime"},
      {R"({"resourceType":"Patient","multipleBirthInteger":9007199254740993})",
       "not a JSON number, or one without a canonical form"},
  }));
  INFO(json);
  CHECK(reason(json) != "accepted");
  if (!expected.empty()) CHECK(reason(json) == expected);
}

TEST_CASE("limits of size and depth hold") {
  PrepareOptions small;
  small.max_bytes = 100;
  CHECK_FALSE(prepare(kObservation, "", small).ok());
  std::string deep =
      R"({"resourceType":"Patient","x":)" + std::string(100, '[') + std::string(100, ']') + "}";
  CHECK(reason(deep) == "nested too deeply");
}

TEST_CASE("what carries no information is left out, not refused") {
  Prepared problem = prepared(condition(R"(,"note":[],"recordedDate":"","severity":null,"colour":"green")"));
  for (const char* gone : {"note", "recordedDate", "severity", "colour"})
    CHECK_FALSE(contains(problem.ips, gone));
  CHECK(problem.notes.size() >= 3);
}

TEST_CASE("every spelling of a reference leads to one full_url") {
  const std::string uuid = "0a1b2c3d-0000-4000-8000-00000000abcd";
  Prepared patient = prepared(R"({"resourceType":"Patient","id":")" + uuid + R"("})");
  CHECK(patient.full_url == "urn:uuid:" + uuid);
  for (const std::string& spelling :
       {"Patient/" + uuid, "urn:uuid:" + uuid, "https://his.example/fhir/Patient/" + uuid,
        "Patient/" + uuid + "/_history/3"}) {
    Prepared problem = prepared(
        R"({"resourceType":"Condition","code":{"text":"x"},"subject":{"reference":")" + spelling + R"("}})");
    CHECK(contains(problem.ips, R"("subject":{"reference":"urn:uuid:)" + uuid + "\"}"));
    CHECK(problem.patient_key == patient.key);
    CHECK(problem.references.empty());
  }
  Prepared plain = prepared(R"({"resourceType":"Practitioner","id":"dr-7"})");
  Prepared order = prepared(
      R"({"resourceType":"MedicationRequest","status":"active","intent":"order","medicationCodeableConcept":{"text":"x"},)"
      R"("subject":{"reference":"Patient/p"},"requester":{"reference":"Practitioner/dr-7"}})");
  CHECK(order.references == std::vector<std::string>{plain.full_url});
  CHECK(plain.full_url.size() == 45);
}

TEST_CASE("a fullUrl that is a UUID names the resource, whatever its id is") {
  Prepared patient =
      prepared(R"({"resourceType":"Patient","id":"p1"})", "urn:uuid:0A1B2C3D-0000-4000-8000-00000000ABCD");
  CHECK(patient.full_url == "urn:uuid:0a1b2c3d-0000-4000-8000-00000000abcd");
  Prepared problem = prepared(
      R"({"resourceType":"Condition","code":{"text":"x"},"subject":{"reference":"urn:uuid:0a1b2c3d-0000-4000-8000-00000000abcd"}})");
  CHECK(problem.patient_key == patient.key);
}

TEST_CASE("a conditional reference stays as a logical one") {
  Prepared given = prepared(R"({"resourceType":"Patient","id":"p","generalPractitioner":[{"reference":)"
                            R"("Practitioner?identifier=http://npi|99%7C1","display":"Dr. A"}]})");
  CHECK(contains(given.ips, R"("identifier":{"system":"http://npi","value":"99|1"})"));
  CHECK_FALSE(contains(given.ips, "\"reference\""));
}

TEST_CASE("references to what is not there are taken out") {
  Prepared order = prepared(
      R"({"resourceType":"MedicationRequest","id":"m","status":"active","intent":"order",)"
      R"("medicationReference":{"reference":"Medication/1"},"subject":{"reference":"Patient/p"},)"
      R"("requester":{"reference":"Practitioner/2","display":"Dr. B"},"reasonReference":[{"reference":"Condition/3"}]})");
  REQUIRE(order.references.size() == 3);
  Prepared copy = order;
  drop_references(copy, {order.references[1], order.references[2], order.references[0]});
  CHECK(copy.references.empty());
  CHECK(contains(copy.ips, R"("requester":{"display":"Dr. B"})"));
  CHECK_FALSE(contains(copy.ips, "reasonReference"));
  CHECK(contains(copy.ips, R"("medicationReference":{"extension":)"));
  CHECK_FALSE(copy.ips.empty());
}

TEST_CASE("problems are sorted into current and past ones") {
  auto with_status = [](const std::string& status) {
    return prepared(
               condition(
                   R"(,"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":")" +
                   status + R"("}]})"))
        .section;
  };
  CHECK(with_status("active") == Section::kProblems);
  CHECK(with_status("relapse") == Section::kProblems);
  CHECK(with_status("resolved") == Section::kPastProblems);
  CHECK(prepared(condition("")).section == Section::kProblems);
}

TEST_CASE("what can't be part of a document says why and is kept as it came") {
  Prepared claim =
      prepared(R"({"resourceType":"Claim","id":"1","patient":{"reference":"Patient/p"},"anything":[1.50]})");
  CHECK(claim.ips.empty());
  CHECK_FALSE(claim.why_not.empty());
  CHECK(contains(claim.source, "1.50"));
  CHECK(claim.patient_key == "Patient/p");
  Prepared wrong = prepared(condition(
      R"(,"verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"entered-in-error"}]})"));
  CHECK(wrong.why_not == "entered in error");
  Prepared group =
      prepared(R"({"resourceType":"Condition","code":{"text":"x"},"subject":{"reference":"Group/1"}})");
  CHECK(group.ips.empty());
  CHECK(group.patient_key.empty());
}

TEST_CASE("codes of IPS 1 for nothing known are renewed") {
  Prepared none = prepared(
      R"({"resourceType":"AllergyIntolerance","code":{"coding":[{"system":)"
      R"("http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips","code":"no-known-allergies"}]},"patient":{"reference":"Patient/p"}})");
  CHECK(none.code == "http://snomed.info/sct|716186003");
  CHECK_FALSE(contains(none.ips, "absent-unknown"));
}

TEST_CASE("text of the source is escaped in the narrative") {
  Prepared problem = prepared(
      R"({"resourceType":"Condition","code":{"text":"<script>alert('1')</script> & \"x\""},"subject":{"reference":"Patient/p"}})");
  CHECK(
      contains(problem.narrative_row, "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;x&quot;"));
}

TEST_CASE("spaces FHIR does not know become blanks in a document") {
  Prepared problem = prepared(
      "{\"resourceType\":\"Condition\",\"code\":{\"text\":\"a\u00a0b\u3000c\"},\"note\":[{\"text\":"
      "\"\u00a0\"}],"
      "\"subject\":{\"reference\":\"Patient/p\"}}");
  CHECK(contains(problem.ips, R"("text":"a b c")"));
  CHECK(contains(problem.ips, R"("note":[{"_text":{"extension":)"));
  CHECK(contains(problem.source, "a\u00a0b"));
}
