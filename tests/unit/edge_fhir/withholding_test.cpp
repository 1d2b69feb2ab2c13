// What a consent withholds is in no entry, no narrative and no word another resource has for it.
#include "agent/core/fhir/withholding.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "agent/core/fhir/document.h"
#include "agent/core/fhir/document_check.h"

using namespace edge::fhir;
using nlohmann::json;

namespace {

constexpr const char* kSecret = "PLANTEDSECRET";
constexpr const char* kOpen = "PLANTEDOPEN";

json reference(const std::string& to, const std::string& display = "") {
  json out{{"reference", to}};
  if (!display.empty()) out["display"] = display;
  return out;
}

// A record in which everything that is no problem mentions the problem in one way or another.
std::vector<json> record() {
  const json subject = reference("Patient/p");
  const json contained{{"resourceType", "Condition"},
                       {"id", "inner"},
                       {"subject", subject},
                       {"code", {{"text", std::string(kSecret) + "4"}}}};
  return {
      {{"resourceType", "Condition"}, {"id", "c"}, {"subject", subject}, {"code", {{"text", kSecret}}}},
      {{"resourceType", "Encounter"},
       {"id", "e"},
       {"status", "finished"},
       {"class", {{"code", "AMB"}}},
       {"subject", subject},
       {"reasonCode", {{{"text", std::string(kSecret) + "1"}}}}},
      {{"resourceType", "MedicationRequest"},
       {"id", "m"},
       {"status", "active"},
       {"intent", "order"},
       {"subject", subject},
       {"encounter", reference("Encounter/e", std::string(kSecret) + "2")},
       {"contained", {contained}},
       {"text",
        {{"status", "additional"},
         {"div", "<div xmlns=\"http://www.w3.org/1999/xhtml\">" + std::string(kSecret) + "3</div>"}}},
       {"medicationCodeableConcept", {{"text", kOpen}}},
       {"requester", {{"display", "Dr. Ruth Weber"}}},
       {"reasonReference",
        {reference("Condition/c", std::string(kSecret) + "5"),
         reference("#inner", std::string(kSecret) + "6"),
         reference("Condition/unknown", std::string(kSecret) + "7"),
         json{{"display", std::string(kSecret) + "9"}}}}},
      {{"resourceType", "Observation"},
       {"id", "o"},
       {"status", "final"},
       {"code", {{"coding", {{{"system", "http://loinc.org"}, {"code", "82810-3"}}}}}},
       {"subject", subject},
       {"effectiveDateTime", "2026-01-01"},
       {"valueCodeableConcept", {{"text", std::string(kSecret) + "8"}}}},
  };
}

AssembleInput input_for(const Withholding& withheld) {
  AssembleInput input;
  input.withheld = withheld;
  input.patient = *prepare(
      R"({"resourceType":"Patient","id":"p","name":[{"family":"Doe"}],"birthDate":"1970-01-01"})", "");
  for (const json& resource : record()) {
    auto prepared = prepare(resource.dump(), "");
    INFO((prepared ? prepared->why_not : prepared.error().reason));
    REQUIRE(prepared);
    if (!withheld.takes_out(*prepared)) input.resources.push_back(std::move(*prepared));
  }
  input.hospital_name = "h";
  input.bundle_uuid = "b0000000-0000-4000-8000-000000000001";
  input.composition_uuid = "b0000000-0000-4000-8000-000000000002";
  input.organization_uuid = "b0000000-0000-4000-8000-000000000003";
  input.device_uuid = "b0000000-0000-4000-8000-000000000004";
  return input;
}

std::string text_of(const ledger::Result<Assembled>& document) {
  INFO((document ? "" : document.error().reason));
  REQUIRE(document);
  return document->text;
}

json section(const std::string& text, const std::string& code) {
  const json bundle = json::parse(text);
  for (const json& one : bundle["entry"][0]["resource"]["section"])
    if (one["code"]["coding"][0]["code"] == code) return one;
  return json();
}

}  // namespace

TEST_CASE("withheld sections leave no word in a document or a collection") {
  // The search can find: without a consent's limits the words are there.
  const Withholding nothing;
  CHECK(text_of(assemble(input_for(nothing))).find(kSecret) != std::string::npos);
  CHECK(text_of(assemble_collection(input_for(nothing))).find(kSecret) != std::string::npos);

  for (const bool marked : {false, true}) {
    const Withholding withheld({Section::kMedications, Section::kAllergies}, marked);
    const AssembleInput input = input_for(withheld);
    for (const auto& document : {assemble(input), assemble_collection(input)}) {
      const std::string text = text_of(document);
      INFO(text);
      CHECK(text.find(kSecret) == std::string::npos);
      CHECK(document->canonical.find(kSecret) == std::string::npos);
      CHECK(text.find(kOpen) != std::string::npos);
      CHECK(text.find("Dr. Ruth Weber") != std::string::npos);
      CHECK(text.find("Encounter") == std::string::npos);
      CHECK(check_bundle(text.substr(0, text.size())).ok());
    }
  }
}

TEST_CASE("a withheld section says so only where the hospital wants it to") {
  const Withholding hidden({Section::kMedications}, false), marked({Section::kMedications}, true);
  const auto reason = [](const json& section) { return section["emptyReason"]["coding"][0]["code"]; };

  std::string text = text_of(assemble(input_for(hidden)));
  CHECK(text.find("withheld") == std::string::npos);
  CHECK(reason(section(text, "11450-4")) == "unavailable");
  CHECK(section(text, "10162-6").is_null());
  // As in the document of somebody about whom nothing else is known.
  auto little = input_for(Withholding());
  std::erase_if(little.resources, [](const Prepared& one) { return one.section != Section::kMedications; });
  CHECK(section(text, "11450-4") == section(text_of(assemble(little)), "11450-4"));

  text = text_of(assemble(input_for(marked)));
  CHECK(reason(section(text, "11450-4")) == "withheld");
  CHECK(reason(section(text, "10162-6")) == "withheld");
  CHECK(section(text, "10162-6")["text"]["div"].get<std::string>().find("withheld") != std::string::npos);
}

TEST_CASE("what belongs to no section goes with any section that is withheld") {
  const Withholding everything_but({Section::kProblems}, false);
  Prepared encounter;
  encounter.kind = "Encounter";
  encounter.patient_key = "Patient/p";
  CHECK(everything_but.takes_out(encounter));
  CHECK_FALSE(Withholding().takes_out(encounter));
  Prepared practitioner;
  practitioner.kind = "Practitioner";
  CHECK_FALSE(everything_but.takes_out(practitioner));
  CHECK_FALSE(edge::fhir::Withholding().any());
}
