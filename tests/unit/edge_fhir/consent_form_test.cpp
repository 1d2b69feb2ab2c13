#include "agent/core/fhir/consent_form.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/unit/edge_fhir/sample_consent.h"
#include "tests/unit/ledger_core/json_damage.h"
#include "tests/unit/ledger_core/schema_support.h"

using namespace edge;
using namespace edge::fhir;
using namespace sample_consent;
using nlohmann::json;

namespace {

const ledger::TimePoint kGiven = *ledger::parse_time("2026-11-22T08:00:00.000Z");

}  // namespace

TEST_CASE("a FHIR consent becomes rules") {
  const auto document = read(consent({{"type", "permit"},
                                      {"period", {{"start", "2026"}, {"end", "2026-12-31"}}},
                                      {"actor", {actor("10.20.0.6"), actor("north", "urn:ehr-agent:group")}},
                                      {"purpose", {purpose("TREAT"), purpose("ETREAT")}},
                                      {"code", {section("11450-4"), section("48765-2")}}}));
  CHECK(document.id == "c1");
  CHECK(document.active);
  CHECK(document.subject.reference == "Patient/p1");
  REQUIRE(document.rules.size() == 1);
  const ConsentRule& rule = document.rules[0];
  CHECK(rule.effect == Effect::kPermit);
  CHECK(rule.peers.at(0).text() == "10.20.0.6");
  CHECK(rule.groups == std::vector<std::string>{"north"});
  CHECK(rule.purposes == std::vector<std::string>{"TREAT", "ETREAT"});
  CHECK(rule.sections == SectionSet{Section::kProblems, Section::kAllergies});
  // An end that is a day holds that day.
  CHECK(ledger::format_time(*rule.from) == "2026-01-01T00:00:00.000Z");
  CHECK(ledger::format_time(*rule.to) == "2027-01-01T00:00:00.000Z");
}

TEST_CASE("nested provisions are exceptions within what is around them") {
  const auto document = read(
      consent({{"type", "permit"},
               {"purpose", {purpose("TREAT"), purpose("HRESCH")}},
               {"period", {{"end", "2027"}}},
               {"provision",
                {{{"type", "deny"},
                  {"code", {section("10162-6")}},
                  {"provision",
                   {{{"type", "permit"}, {"actor", {actor("10.20.0.7")}}, {"period", {{"end", "2026"}}}}}}},
                 {{"type", "deny"}, {"purpose", {purpose("HRESCH")}}}}}}));
  REQUIRE(document.rules.size() == 4);
  CHECK(document.rules[1].effect == Effect::kDeny);
  CHECK(document.rules[1].purposes == document.rules[0].purposes);
  CHECK(document.rules[1].sections == SectionSet{Section::kPregnancy});
  CHECK(document.rules[1].to == document.rules[0].to);
  CHECK(document.rules[2].sections == SectionSet{Section::kPregnancy});
  CHECK(document.rules[2].peers.size() == 1);
  CHECK(*document.rules[2].to < *document.rules[1].to);
  CHECK(document.rules[3].purposes == std::vector<std::string>{"HRESCH"});
  CHECK(document.rules[3].sections == SectionSet::all());
}

TEST_CASE("opt-in and opt-out stand for a type the provision does not have") {
  json document = consent({{"actor", {actor("10.20.0.6")}}});
  CHECK(read(document).rules.at(0).effect == Effect::kPermit);
  document["policyRule"] = policy_rule("OPTOUT");
  CHECK(read(document).rules.at(0).effect == Effect::kDeny);
  // Out, but for one: the rest stays denied.
  document["provision"]["type"] = "permit";
  const auto both = read(document);
  REQUIRE(both.rules.size() == 2);
  CHECK(both.rules[0] == ConsentRule{});
  CHECK(both.rules[1].effect == Effect::kPermit);
  document.erase("provision");
  CHECK(read(document).rules == std::vector<ConsentRule>{ConsentRule{}});
  document["policyRule"] = policy_rule("OPTIN");
  CHECK(refused(document) == "provision: is missing");
}

TEST_CASE("kinds of resources that are a section") {
  const auto kind = [](const char* name) {
    return json{{"system", "http://hl7.org/fhir/resource-types"}, {"code", name}};
  };
  const auto document =
      read(consent({{"type", "deny"}, {"class", {kind("Immunization"), kind("AllergyIntolerance")}}}));
  CHECK(document.rules[0].sections == SectionSet{Section::kImmunizations, Section::kAllergies});
  // Conditions stand in several sections, and not alone in any.
  CHECK(refused(consent({{"type", "permit"}, {"class", {kind("Condition")}}})) ==
        "provision.class[0]: is not a section of the International Patient Summary");
}

TEST_CASE("what can't be represented is refused with its place") {
  const auto permit = [](json more) {
    more["type"] = "permit";
    return consent(more);
  };
  const std::pair<json, std::string> cases[] = {
      {permit({{"dataPeriod", {{"start", "2020"}}}}), "provision.dataPeriod: can't be represented"},
      {permit({{"securityLabel", {purpose("R")}}}), "provision.securityLabel: can't be represented"},
      {permit({{"data", json::array()}}), "provision.data: can't be represented"},
      {permit({{"modifierExtension", json::array()}}), "provision.modifierExtension: can't be represented"},
      {permit({{"extension", json::array()}}), "provision.extension: can't be represented"},
      {permit({{"actor", json::array()}}), "provision.actor: must be a list that is not empty"},
      {permit({{"purpose", json::array()}}), "provision.purpose: must be a list that is not empty"},
      {permit({{"code", json::array()}}), "provision.code: must be a list that is not empty"},
      {permit({{"actor", {actor("10.20.0.6", "urn:other")}}}),
       "provision.actor[0].reference.identifier.system: is neither that of agents nor that of groups"},
      {permit({{"actor", {actor("hospital")}}}),
       "provision.actor[0].reference.identifier.value: is not an IP address"},
      {permit({{"actor", {actor("nоrth", "urn:ehr-agent:group")}}}),  // a Cyrillic o
       "provision.actor[0].reference.identifier.value: is not a name of a group"},
      {permit({{"purpose", {purpose("treat")}}}), "provision.purpose[0]: is not an HL7 PurposeOfUse"},
      {permit({{"code", {section("99999-9")}}}),
       "provision.code[0]: is not a section of the International Patient Summary"},
      {permit({{"period", {{"start", "2026-02-30"}}}}), "provision.period.start: must be a FHIR dateTime"},
      {permit({{"period", {{"start", "2027"}, {"end", "2026"}}}}), "provision.period: ends before it starts"},
      {permit({{"action",
                {{{"coding",
                   {{{"system", "http://terminology.hl7.org/CodeSystem/consentaction"},
                     {"code", "correct"}}}}}}}}),
       "provision.action: is about neither access nor disclosure"},
      {permit({{"provision", {{{"type", "deny"}, {"actor", {actor("10.20.0.6")}}}, json::object()}}}),
       "provision.provision[1].type: is missing"},
      {permit({{"actor", {actor("10.20.0.6")}},
               {"provision", {{{"type", "deny"}, {"actor", {actor("10.20.0.7")}}}}}}),
       "provision.provision[0].actor: names somebody the provision around it does not name"},
      {permit({{"purpose", {purpose("TREAT")}},
               {"provision", {{{"type", "deny"}, {"purpose", {purpose("HRESCH")}}}}}}),
       "provision.provision[0].purpose[0]: is none of the provision around it"},
      {permit({{"period", {{"end", "2026"}}},
               {"provision", {{{"type", "deny"}, {"period", {{"start", "2028"}}}}}}}),
       "provision.provision[0].period: lies outside that of the provision around it"},
      {consent({{"type", "allow"}}), "provision.type: must be permit or deny"},
  };
  for (const auto& [document, reason] : cases) CHECK(refused(document) == reason);

  json document = permit({});
  document["status"] = "draft";
  CHECK(refused(document) == "status: is not in force: active is, draft and proposed are not");
  document = permit({});
  document["implicitRules"] = "http://example.org";
  CHECK(refused(document) == "implicitRules: can't be represented");
  document = permit({});
  document.erase("patient");
  CHECK(refused(document) == "patient: is missing");
  document["extension"] = {{{"url", "urn:ehr-agent:any-patient"}, {"valueBoolean", true}}};
  CHECK(read(document).subject.any);
  document["patient"] = {{"reference", "Patient/p1"}};
  CHECK(refused(document) == "patient: stands beside the extension for any patient");
  document = permit({});
  document["scope"]["coding"][0]["code"] = "adr";
  CHECK(refused(document) == "scope: is not patient-privacy");
  CHECK_FALSE(is_privacy_consent(document.dump()));
  json deep = {{"type", "deny"}};
  for (int i = 0; i < 6; ++i) deep = {{"type", "deny"}, {"provision", {deep}}};
  CHECK_THAT(refused(consent(deep)), Catch::EndsWith("is nested too deep"));
  json many = {{"type", "deny"}, {"provision", json::array()}};
  for (int i = 0; i < 70; ++i) many["provision"].push_back({{"type", "permit"}});
  CHECK_THAT(refused(consent(many)), Catch::EndsWith("has too many provisions"));
  CHECK(refused(json::object()) == "resourceType: is not Consent");
  CHECK_FALSE(read_consent(R"({"resourceType":"Consent","resourceType":"Consent"})"));
}

// In the shape of HL7's published R4 examples and of what consent managers send.

TEST_CASE("what is written is read back the same, and canonical") {
  ConsentRule all{Effect::kDeny, {}, {}, {}, SectionSet::all(), {}, {}};
  ConsentRule some{
      Effect::kPermit, {*ledger::Address::parse("fd00::5")}, {"north"}, {"TREAT"}, SectionSet::document(),
      kGiven,          kGiven + std::chrono::milliseconds(1)};
  for (const auto& rules : {std::vector{all}, {some}, {some, all}, {all, some, all}}) {
    CHECK(*read_terms(write_terms(rules)) == rules);
    for (const ConsentSubject& subject :
         {ConsentSubject{true, {}, ""}, ConsentSubject{false, {"urn:x", "7|7"}, ""},
          ConsentSubject{false, {"", "7"}, "Patient/1"}}) {
      const std::string text = write_consent({"c9", subject, true, rules}, kGiven);
      const auto back = read(json::parse(text));
      CHECK(back.rules == rules);
      CHECK(back.subject.any == subject.any);
      CHECK(back.subject.identifier.value == subject.identifier.value);
      CHECK(back.subject.reference == subject.reference);
      CHECK(json::parse(text).dump() == text);  // ASCII and no numbers: sorted members are canonical
    }
  }
}

TEST_CASE("consent: what the reader accepts the schema accepts, on damaged examples too") {
  const test_support::SchemaCheck check(test_support::read_schema("consent"));
  const auto examples = test_support::schema_examples("valid", "consent");
  for (const json& example : examples) (void)read(example);
  for (const json& example : test_support::schema_examples("invalid", "consent"))
    CHECK_FALSE(read_consent(example.dump()));
  std::mt19937 random(1);
  int accepted = 0, refused = 0;
  for (int round = 0; round < 1'500; ++round) {
    const json document = test_support::mutated(examples[random() % examples.size()], random);
    const bool taken = read_consent(document.dump()).ok();
    INFO(document.dump());
    if (taken) CHECK(check.accepts(document));
    ++(taken ? accepted : refused);
  }
  CHECK(accepted > 15);
  CHECK(refused > 150);
}
