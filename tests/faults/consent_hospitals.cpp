#include "tests/faults/consent_hospitals.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "ledger-client/store/sqlite.h"

namespace consent_hospitals {

using namespace test_support;
using nlohmann::json;

json record() {
  const json subject{{"reference", "Patient/p"}};
  const auto entry = [](json resource) { return json{{"resource", std::move(resource)}}; };
  return {{"resourceType", "Bundle"},
          {"type", "collection"},
          {"entry",
           {entry({{"resourceType", "Patient"},
                   {"id", "p"},
                   {"identifier", {{{"system", "urn:planted"}, {"value", "PLANTED-4711"}}}},
                   {"name", {{{"family", "Doe"}}}},
                   {"birthDate", "1970-01-01"}}),
            entry({{"resourceType", "Condition"},
                   {"id", "c"},
                   {"subject", subject},
                   {"code", {{"text", kProblem}}}}),
            entry({{"resourceType", "AllergyIntolerance"},
                   {"id", "a"},
                   {"clinicalStatus",
                    {{"coding",
                      {{{"system", "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"},
                        {"code", "active"}}}}}},
                   {"patient", subject},
                   {"code", {{"text", kAllergy}}}}),
            entry({{"resourceType", "MedicationRequest"},
                   {"id", "m"},
                   {"status", "active"},
                   {"intent", "order"},
                   {"subject", subject},
                   {"medicationCodeableConcept", {{"text", "PLANTEDMEDICINE"}}},
                   {"reasonReference", {{{"reference", "Condition/c"}, {"display", kProblem}}}}})}}};
}

json privacy_consent(const json& provision, const std::string& status) {
  const auto concept_of = [](const char* system, const char* code) {
    return json{{"coding", {{{"system", system}, {"code", code}}}}};
  };
  return {{"resourceType", "Consent"},
          {"id", "his-consent"},
          {"status", status},
          {"scope", concept_of("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy")},
          {"category", {concept_of("http://loinc.org", "59284-0")}},
          {"patient", {{"reference", "Patient/p"}}},
          {"policyRule", concept_of("http://terminology.hl7.org/CodeSystem/v3-ActCode", "OPTIN")},
          {"provision", provision}};
}

Hospitals::Hospitals(const Settings& settings)
    : federation({EHR_AGENT, EHR_LEDGER, 2, settings, false, 0, false}),
      answering(federation[0]),
      asking(federation[1]),
      file(federation.folder() / "bundle.json") {
  import(record());
  federation.start();
}

void Hospitals::import(const json& resource) {
  const auto path = federation.folder() / "import.json";
  std::ofstream(path) << resource.dump();
  answering.import(path);
}

CommandResult Hospitals::ask(const std::vector<std::string>& more, const std::string& patient) {
  std::filesystem::remove(file);
  return asking.request(answering.address(), patient, file, more);
}

bool Hospitals::given(const std::vector<std::string>& more) {
  const auto asked = ask(more);
  UNSCOPED_INFO(asked.output << answering.log());
  if (asked.status == 0) return true;
  CHECK_THAT(asked.output, Catch::Contains("not-available"));
  return false;
}

json Hospitals::explain(const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"consent", "explain", asking.address().text(), kPatient};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return answering.command_json(arguments);
}

std::string Hospitals::grant(const std::vector<std::string>& more, const std::string& patient,
                             const std::string& purpose) {
  return answering.grant(patient, asking.address().text(), purpose, more);
}

std::int64_t Hospitals::count(const std::string& query) {
  ledger::sqlite::Database database(answering.database(), ledger::sqlite::Mode::kReadOnly);
  ledger::sqlite::Statement select(database, query);
  REQUIRE(select.step());
  return select.column_int(0);
}

void Hospitals::check_ledger() {
  const auto verified = federation.verify_ledger(answering);
  INFO(verified.output);
  CHECK(verified.status == 0);
}

}  // namespace consent_hospitals
