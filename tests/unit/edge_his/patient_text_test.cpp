#include "agent/adapters/his/patient_text.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/unit/edge_his/his_fixture.h"

using namespace his_test;
using edge::his::describe_patient;

TEST_CASE("a patient's name is the official one, else the first that holds") {
  CHECK(
      describe_patient(
          R"({"name":[{"use":"old","family":"Before"},{"family":"B","given":["A","C"]},{"use":"official","family":"Z"}]})")
          .name == "Z");
  CHECK(describe_patient(R"({"name":[{"use":"old","family":"Before"},{"family":"B","given":["A","C"]}]})")
            .name == "A C B");
  CHECK(describe_patient(R"({"name":[{"text":"欧阳 雨桐","family":"x"}]})").name == "欧阳 雨桐");
  CHECK(describe_patient(R"({"deceasedBoolean":true,"birthDate":"1980","gender":"other"})").deceased ==
        "yes");
  CHECK(describe_patient(R"({"deceasedDateTime":"2020"})").deceased == "2020");
  for (const char* odd : {"", "[]", "5", R"({"name":5})", R"({"name":[5,{"given":7}]})"})
    CHECK(describe_patient(odd).name.empty());
}

TEST_CASE(
    "a patient's page names them, their identifiers and what they have, and a terminal gets no control "
    "characters") {
  Hospital hospital;
  const Imported imported = hospital.import_text(
      "a.ndjson",
      R"({"resourceType":"Patient","id":"p1","identifier":[{"system":"s","value":"v1"}],"name":[{"text":"Zoë\u001b[31m"}],"birthDate":"1980-02-03"})"
      "\n"
      R"({"resourceType":"AllergyIntolerance","id":"a1","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"active"}]},"code":{"text":"Nuts"},"patient":{"reference":"Patient/p1"}})");
  REQUIRE(imported.progress.stored == (imported.rejected.empty() ? 2U : 1U));
  if (!imported.rejected.empty()) return;  // prepare() refuses control characters
  const std::string page = render_patient(hospital.store, "Patient/p1");
  CHECK(page.find("Zoë") != std::string::npos);
  CHECK(page.find('\x1b') == std::string::npos);
  CHECK(page.find("s|v1") != std::string::npos);
  CHECK(page.find("Allergies") != std::string::npos);
  const auto facts = nlohmann::json::parse(render_patient_json(hospital.store, "Patient/p1"));
  CHECK(facts["birthDate"] == "1980-02-03");
  CHECK(facts["kinds"]["AllergyIntolerance"] == 1);
  CHECK(facts["sections"]["Allergies"] == 1);
  CHECK(render_patient(hospital.store, "Patient/nobody").empty());
  CHECK(render_patient_json(hospital.store, "Patient/nobody").empty());
}
