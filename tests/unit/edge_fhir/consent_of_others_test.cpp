// Consents as other software writes them.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "agent/core/fhir/consent_form.h"
#include "tests/unit/edge_fhir/sample_consent.h"

using namespace edge;
using namespace edge::fhir;
using namespace sample_consent;
using nlohmann::json;

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
