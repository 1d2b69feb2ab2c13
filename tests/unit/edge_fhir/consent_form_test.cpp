#include "agent/core/fhir/consent_form.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/unit/ledger_core/json_damage.h"
#include "tests/unit/ledger_core/schema_support.h"

using namespace edge;
using namespace edge::fhir;
using nlohmann::json;

namespace {

const ledger::TimePoint kGiven = *ledger::parse_time("2026-11-22T08:00:00.000Z");

json actor(const std::string& value, const std::string& system = "urn:ehr-agent:address") {
  return {
      {"role",
       {{"coding",
         {{{"system", "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"}, {"code", "IRCP"}}}}}},
      {"reference", {{"identifier", {{"system", system}, {"value", value}}}}}};
}
json purpose(const std::string& code) {
  return {{"system", "http://terminology.hl7.org/CodeSystem/v3-ActReason"}, {"code", code}};
}
json section(const std::string& code) {
  return {{"coding", {{{"system", "http://loinc.org"}, {"code", code}}}}};
}
json policy_rule(const std::string& code) {
  return {{"coding", {{{"system", "http://terminology.hl7.org/CodeSystem/v3-ActCode"}, {"code", code}}}}};
}

json consent(const json& provision) {
  return {
      {"resourceType", "Consent"},
      {"id", "c1"},
      {"status", "active"},
      {"scope",
       {{"coding",
         {{{"system", "http://terminology.hl7.org/CodeSystem/consentscope"}, {"code", "patient-privacy"}}}}}},
      {"category", {section("59284-0")}},
      {"patient", {{"reference", "Patient/p1"}}},
      {"dateTime", "2026-11-22"},
      {"policyRule", policy_rule("OPTIN")},
      {"provision", provision}};
}

ConsentDocument read(const json& document) {
  auto out = read_consent(document.dump());
  INFO((out ? "" : out.error().reason) << "\n" << document.dump(1));
  REQUIRE(out);
  return *out;
}
std::string refused(const json& document) {
  const auto out = read_consent(document.dump());
  return out ? "read" : out.error().reason;
}

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
TEST_CASE("consents of others are read as they say, or refused with the place that can't be represented") {
  const auto concept_of = [](const char* system, const char* code) {
    return json{{"coding", {{{"system", system}, {"code", code}}}}};
  };
  const auto example = [&](const char* policy, const json& provision) {
    json document = consent(provision);
    document["id"] = "consent-example";
    document["text"] = {{"status", "generated"},
                        {"div", "<div xmlns=\"http://www.w3.org/1999/xhtml\">…</div>"}};
    document["patient"] = {{"reference", "Patient/f001"}, {"display", "P. van de Heuvel"}};
    document["organization"] = {{{"reference", "Organization/f001"}}};
    document["sourceAttachment"] = {{"title", "The terms of the consent in lawyer speak."}};
    if (*policy == '\0')
      document.erase("policyRule");
    else
      document["policyRule"] = policy_rule(policy);
    return document;
  };
  const auto organization = [&](const char* role) {
    return json{{"role", concept_of("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", role)},
                {"reference", {{"reference", "Organization/f001"}}}};
  };
  const json period{{"start", "1964-01-01"}, {"end", "2016-01-01"}};
  const json security{{{"system", "http://terminology.hl7.org/CodeSystem/v3-ActCode"}, {"code", "PSY"}}};

  // basic: out, in a period.
  const auto basic = read(example("OPTOUT", {{"period", period}}));
  REQUIRE(basic.rules.size() == 1);
  CHECK(basic.rules[0].effect == Effect::kDeny);
  CHECK(ledger::format_time(*basic.rules[0].to) == "2016-01-02T00:00:00.000Z");
  // An end alone, and a beginning alone.
  CHECK_FALSE(read(example("OPTIN", {{"period", {{"end", "2030"}}}})).rules[0].from);
  CHECK_FALSE(read(example("OPTIN", {{"period", {{"start", "2030"}}}})).rules[0].to);
  // Out: no provision at all.
  json out = example("OPTOUT", {});
  out.erase("provision");
  CHECK(read(out).rules == std::vector<ConsentRule>{ConsentRule{}});
  // `type` is absent at the top and nobody says what all else is: only the exceptions count.
  const auto bare =
      read(example("", {{"provision", {{{"type", "permit"}, {"actor", {actor("10.20.0.6")}}}}}}));
  REQUIRE(bare.rules.size() == 1);
  CHECK(bare.rules[0].peers.size() == 1);

  struct Other {
    json document;
    std::string reason;
    bool denies;  // one of a HIS is taken for a denial of everything
  };
  const Other others[] = {
      // notAuthor, notThem: whom it is about is not said as an agent or a group.
      {example("OPTIN", {{"provision", {{{"type", "deny"}, {"actor", {organization("CST")}}}}}}),
       "provision.provision[0].actor[0].role: is not a recipient of information (IRCP, PRCP)", true},
      {example("OPTOUT", {{"type", "permit"}, {"actor", {organization("PRCP")}}}),
       "provision.actor[0].reference.reference: can't be represented", true},
      {example("OPTIN", {{"type", "permit"}, {"actor", {organization("PRCP")}}}),
       "provision.actor[0].reference.reference: can't be represented", false},
      // notTime, notThis.
      {example("OPTIN", {{"dataPeriod", period}}), "provision.dataPeriod: can't be represented", true},
      {example("OPTIN", {{"period", period},
                         {"provision",
                          {{{"type", "deny"}, {"data", {{{"meaning", "related"}, {"reference", {}}}}}}}}}),
       "provision.provision[0].data: can't be represented", true},
      // Nested two deep, by a label, a class of documents, a diagnosis.
      {example("OPTIN",
               {{"type", "permit"},
                {"provision",
                 {{{"type", "deny"}, {"provision", {{{"type", "permit"}, {"securityLabel", security}}}}}}}}),
       "provision.provision[0].provision[0].securityLabel: can't be represented", true},
      {example("OPTIN", {{"type", "permit"},
                         {"class", {{{"system", "urn:ietf:rfc:3986"}, {"code", "urn:oid:1.3.6.1.4"}}}}}),
       "provision.class[0]: is not a section of the International Patient Summary", false},
      {example("OPTIN",
               {{"type", "permit"},
                {"provision",
                 {{{"type", "deny"}, {"code", {concept_of("http://hl7.org/fhir/sid/icd-10", "F33")}}}}}}),
       "provision.provision[0].code[0]: is not a section of the International Patient Summary", true},
      {example("OPTIN",
               {{"type", "permit"},
                {"class", {{{"system", "http://hl7.org/fhir/resource-types"}, {"code", "Procedure"}}}},
                {"code", {section("48765-2")}}}),
       "provision.class: beside `code` can't be represented", false},
      // Emergency: the base rule narrows what the provision permits.
      {example("EMRGONLY", {{"type", "permit"}, {"actor", {actor("10.20.0.6")}}}),
       "policyRule.coding[0]: is neither an opt-in nor an opt-out", false},
      {example("NOPP", {{"type", "deny"}}), "policyRule.coding[0]: is neither an opt-in nor an opt-out",
       true},
  };
  for (const auto& [document, reason, denies] : others) {
    CHECK(refused(document) == reason);
    CHECK(may_deny(document.dump()) == denies);
    CHECK(is_privacy_consent(document.dump()));
  }

  // A rule beside the opt-in, a rule in words alone.
  json document = example("OPTIN", {{"type", "permit"}});
  document["policyRule"]["coding"].push_back(
      {{"system", "http://terminology.hl7.org/CodeSystem/consentpolicycodes"},
       {"code", "illinois-minor-procedure"}});
  CHECK(refused(document) == "policyRule.coding[1]: is neither an opt-in nor an opt-out");
  document["policyRule"] = {{"text", "Only after a call to the ward"}};
  CHECK(refused(document) == "policyRule: is neither an opt-in nor an opt-out");
  // Both ways at once: out.
  document["policyRule"] = policy_rule("OPTIN");
  document["policyRule"]["coding"].push_back(policy_rule("OPTOUT").at("coding").at(0));
  CHECK(read(document).rules.at(0) == ConsentRule{});
  // What modifies the whole.
  document = example("OPTIN", {{"type", "permit"}});
  document["modifierExtension"] = {{{"url", "http://example.org/only-weekdays"}, {"valueBoolean", true}}};
  CHECK(refused(document) == "modifierExtension: can't be represented");
  // Extensions of primitives stand beside them.
  document = example("OPTIN", {{"type", "permit"}});
  document["provision"]["_type"] = {{"extension", json::array()}};
  CHECK(refused(document) == "provision._type: can't be represented");
  for (const char* status : {"inactive", "rejected", "entered-in-error"}) {
    document = example("OPTIN", {{"type", "permit"}});
    document["status"] = status;
    CHECK_FALSE(read(document).active);
    CHECK_FALSE(may_deny(document.dump()));
  }
  // A scope that is missing, or no code of FHIR's, takes no denial out of sight.
  document = example("OPTOUT", {});
  document.erase("scope");
  CHECK(is_privacy_consent(document.dump()));
  CHECK(refused(document) == "scope: is not patient-privacy");
  CHECK(may_deny(document.dump()));
  document["scope"] = {{"text", "Datenschutz"}};
  CHECK(is_privacy_consent(document.dump()));
  for (const char* scope : {"adr", "research", "treatment"}) {
    document["scope"] = concept_of("http://terminology.hl7.org/CodeSystem/consentscope", scope);
    CHECK_FALSE(is_privacy_consent(document.dump()));
  }
}

TEST_CASE("an unreadable consent that may deny something is told from one that only permits") {
  json document = consent({{"type", "permit"}, {"dataPeriod", {{"start", "2020"}}}});
  CHECK_FALSE(may_deny(document.dump()));
  document["policyRule"] = policy_rule("OPTOUT");
  CHECK(may_deny(document.dump()));
  document = consent({{"type", "permit"}, {"provision", {{{"type", "deny"}, {"data", 1}}}}});
  CHECK(may_deny(document.dump()));
  CHECK(may_deny(consent({{"type", "deny"}}).dump()));
  CHECK(may_deny(consent({{"data", 1}}).dump()));
  CHECK(may_deny("not even JSON"));
  document["status"] = "draft";
  CHECK_FALSE(may_deny(document.dump()));
}

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
