// Each section denied in turn, with real agents: of what the patient keeps back no word goes out, wherever
// else in the record it is said again: in narratives, in references and their words, in contained resources.
#include <catch2/catch.hpp>
#include <cctype>
#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/core/fhir/section_names.h"
#include "tests/support/federation.h"
#include "tests/support/require_command.h"
#include "tests/support/shared_data.h"

using namespace test_support;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const std::string kPatient = "urn:planted|PLANTED-4712";
const json kSubject{{"reference", "Patient/p"}};

// "PLANTEDPASTPROBLEMS", with a number that says where it stands.
std::string word(std::string_view section, int place = 0) {
  std::string out = "PLANTED";
  for (const char c : section)
    if (c != '-') out += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out + (place == 0 ? "X" : std::to_string(place));
}
json words(std::string_view section, int place = 0) {
  return {{"text", word(section, place)}};
}
json concept_of(const char* system, const char* code) {
  return {{"coding", {{{"system", system}, {"code", code}}}}};
}

struct Planted {
  std::string_view section;
  json resource;
};

json observation(const json& code, const char* category, const json& value) {
  return {{"resourceType", "Observation"},
          {"status", "final"},
          {"category", {concept_of("http://terminology.hl7.org/CodeSystem/observation-category", category)}},
          {"code", code},
          {"effectiveDateTime", "2026-01-01"},
          {"valueCodeableConcept", value}};
}

// One resource of each section; the first that others refer to is the section's own.
std::vector<Planted> planted() {
  const char* clinical = "http://terminology.hl7.org/CodeSystem/condition-clinical";
  const json pregnancy{{"coding", {{{"system", "http://loinc.org"}, {"code", "82810-3"}}}}};
  return {
      {"problems",
       {{"resourceType", "Condition"},
        {"clinicalStatus", concept_of(clinical, "active")},
        {"code", words("problems")}}},
      {"past-problems",
       {{"resourceType", "Condition"},
        {"clinicalStatus", concept_of(clinical, "resolved")},
        {"code", words("past-problems")}}},
      {"allergies",
       {{"resourceType", "AllergyIntolerance"},
        {"clinicalStatus",
         concept_of("http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "active")},
        {"code", words("allergies")}}},
      {"medications",
       {{"resourceType", "MedicationRequest"},
        {"status", "active"},
        {"intent", "order"},
        {"medicationReference", {{"reference", "Medication/drug"}}}}},
      {"immunizations",
       {{"resourceType", "Immunization"},
        {"status", "completed"},
        {"vaccineCode", words("immunizations")},
        {"occurrenceDateTime", "2026-01-01"}}},
      {"results", observation(words("results"), "laboratory", {{"text", "high"}})},
      {"procedures",
       {{"resourceType", "Procedure"},
        {"status", "completed"},
        {"code", words("procedures")},
        {"performedDateTime", "2026-01-01"}}},
      {"devices",
       {{"resourceType", "DeviceUseStatement"},
        {"status", "active"},
        {"timingDateTime", "2026-01-01"},
        {"device", {{"reference", "Device/implant"}}}}},
      {"advance-directives",
       {{"resourceType", "Consent"},
        {"status", "active"},
        {"scope", concept_of("http://terminology.hl7.org/CodeSystem/consentscope", "adr")},
        {"category", {words("advance-directives")}},
        {"policyRule", {{"text", "its terms"}}}}},
      {"alerts", {{"resourceType", "Flag"}, {"status", "active"}, {"code", words("alerts")}}},
      {"functional-status",
       {{"resourceType", "ClinicalImpression"},
        {"status", "completed"},
        {"code", words("functional-status")},
        {"summary", word("functional-status")}}},
      {"pregnancy", observation(pregnancy, "exam", words("pregnancy"))},
      {"patient-story",
       {{"resourceType", "DocumentReference"},
        {"status", "current"},
        {"type", concept_of("http://loinc.org", "81338-6")},
        {"description", word("patient-story")},
        {"content", {{{"attachment", {{"contentType", "text/plain"}, {"title", word("patient-story")}}}}}}}},
      {"plan-of-care",
       {{"resourceType", "CarePlan"},
        {"status", "active"},
        {"intent", "plan"},
        {"title", word("plan-of-care")},
        {"description", word("plan-of-care")}}},
      {"social-history", observation(words("social-history"), "social-history", {{"text", "often"}})},
      {"vital-signs",
       {{"resourceType", "Observation"},
        {"status", "final"},
        {"category",
         {concept_of("http://terminology.hl7.org/CodeSystem/observation-category", "vital-signs")}},
        {"code",
         {{"coding", {{{"system", "http://loinc.org"}, {"code", "8867-4"}}}}, {"text", word("vital-signs")}}},
        {"effectiveDateTime", "2026-01-01"},
        {"valueQuantity",
         {{"value", 72}, {"unit", "/min"}, {"system", "http://unitsofmeasure.org"}, {"code", "/min"}}}}},
  };
}

std::string id_of(std::string_view section) {
  return "r-" + std::string(section);
}

json record() {
  json entries = json::array();
  const auto add = [&entries](json resource) { entries.push_back({{"resource", std::move(resource)}}); };
  add({{"resourceType", "Patient"},
       {"id", "p"},
       {"identifier", {{{"system", "urn:planted"}, {"value", "PLANTED-4712"}}}},
       {"name", {{{"family", "Doe"}}}},
       {"birthDate", "1970-01-01"}});
  add({{"resourceType", "Medication"}, {"id", "drug"}, {"code", words("medications")}});
  add({{"resourceType", "Device"},
       {"id", "implant"},
       {"patient", kSubject},
       {"type", words("devices")},
       {"deviceName", {{{"name", word("devices")}, {"type", "user-friendly-name"}}}}});
  const auto all = planted();
  for (const auto& [section, own] : all) {
    json resource = own;
    const std::string kind = resource.at("resourceType");
    resource["id"] = id_of(section);
    const bool by_patient = kind == "AllergyIntolerance" || kind == "Immunization" || kind == "Consent";
    resource[by_patient ? "patient" : "subject"] = kSubject;
    std::string said;
    json extensions = json::array();
    // Everything else is mentioned here in one way or another.
    for (const auto& [other, target] : all) {
      said += word(other, 1) + " ";
      if (other == section) continue;
      const std::string to = target.at("resourceType").get<std::string>() + "/" + id_of(other);
      extensions.push_back(
          {{"url", "urn:planted:see"}, {"valueReference", {{"reference", to}, {"display", word(other, 2)}}}});
      extensions.push_back({{"url", "urn:planted:named"},
                            {"valueReference",
                             {{"type", target.at("resourceType")},
                              {"identifier", {{"system", "urn:planted"}, {"value", word(other, 3)}}}}}});
    }
    resource["extension"] = extensions;
    resource["text"] = {{"status", "additional"},
                        {"div", "<div xmlns=\"http://www.w3.org/1999/xhtml\">" + said + "</div>"}};
    if (kind == "Procedure") {
      resource["contained"] = {{{"resourceType", "Condition"},
                                {"id", "inner"},
                                {"subject", kSubject},
                                {"code", words("problems", 4)}},
                               {{"resourceType", "Device"},
                                {"id", "inner-device"},
                                {"patient", kSubject},
                                {"type", words("devices", 4)}}};
      resource["reasonReference"] = {
          {{"reference", "Condition/" + id_of("problems")}, {"display", word("problems", 5)}},
          {{"reference", "#inner"}, {"display", word("problems", 6)}}};
      resource["usedReference"] = {{{"reference", "Medication/drug"}, {"display", word("medications", 5)}},
                                   {{"reference", "#inner-device"}, {"display", word("devices", 5)}}};
      resource["focalDevice"] = {
          {{"manipulated", {{"reference", "Device/implant"}, {"display", word("devices", 6)}}}}};
    }
    if (section == "vital-signs")
      resource["device"] = {{"reference", "Device/implant"}, {"display", word("devices", 7)}};
    add(resource);
  }
  return {{"resourceType", "Bundle"}, {"type", "collection"}, {"entry", entries}};
}

// What of a section is in the text: the places of its words.
std::string found(const std::string& text, std::string_view section) {
  std::string out;
  for (int place = 0; place <= 7; ++place)
    if (text.find(word(section, place)) != std::string::npos) out += std::to_string(place) + " ";
  return out;
}

}  // namespace

TEST_CASE("of a denied section no word goes out, whichever it is") {
  Federation federation({EHR_AGENT, EHR_LEDGER, 2, {}, false, 0, false});
  auto &answering = federation[0], &asking = federation[1];
  const auto file = federation.folder() / "record.json", bundle = federation.folder() / "bundle.json";
  std::ofstream(file) << record().dump();
  answering.import(file);
  federation.start();
  const std::string peer = asking.address().text();
  (void)answering.grant("any", "any", "TREAT");
  const auto ask = [&](bool everything) {
    fs::remove(bundle);
    require(
        asking.request(answering.address(), kPatient, bundle,
                       everything ? std::vector<std::string>{"--everything"} : std::vector<std::string>{}));
    return read_file(bundle);
  };
  // The search can find: with nothing denied every section is there.
  for (const bool everything : {false, true}) {
    const std::string text = ask(everything);
    for (const auto& [section, name] : edge::fhir::kSectionNames) {
      CAPTURE(name, everything);
      CHECK_FALSE(found(text, name).empty());
    }
  }
  for (const auto& [section, name] : edge::fhir::kSectionNames) {
    const std::string denial =
        answering.grant(kPatient, peer, "TREAT", {"--deny", "--sections", std::string(name)});
    for (const bool everything : {false, true}) {
      const std::string text = ask(everything);
      CAPTURE(name, everything);
      CHECK(found(text, name).empty());
      if (!found(text, name).empty()) {
        const auto at = text.find(word(name).substr(0, word(name).size() - 1));
        WARN(text.substr(at > 200 ? at - 200 : 0, 300));
      }
      // The others stay.
      for (const auto& [other, there] : edge::fhir::kSectionNames) {
        CAPTURE(there);
        if (there != name) CHECK(text.find(word(there)) != std::string::npos);
      }
      CHECK(asking.command({"bundle", "verify", bundle}).status == 0);
    }
    require(answering.command({"consent", "revoke", denial}));
  }
}
