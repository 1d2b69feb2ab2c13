// The decision over consents by examples; consent_table_test.cpp holds it against all situations.
#include "agent/core/consent.h"

#include <catch2/catch.hpp>

#include "agent/core/consent_standing.h"

using namespace edge;
using fhir::Section;
using ledger::MemberStatus;

namespace {

const ledger::Address kB = *ledger::Address::parse("10.20.0.6");
const ledger::Address kC = *ledger::Address::parse("10.20.0.7");
const ledger::TimePoint kT0 = *ledger::parse_time("2026-11-01T00:00:00.000Z");
const ledger::TimePoint kT1 = kT0 + std::chrono::hours(24);
const PeerGroups kGroups{{"both", {kB, kC}}, {"one", {kB}}, {"nobody", {}}};

}  // namespace

TEST_CASE("consent: what the words of the rules say") {
  const ConsentRule permit_b{Effect::kPermit, {kB}, {}, {"TREAT"}, SectionSet::all(), {}, {}};
  const ConsentRule deny_all{Effect::kDeny, {}, {}, {}, SectionSet::all(), {}, {}};
  ConsentFacts facts{kB, MemberStatus::kActive, "p", "TREAT", SectionSet::document(), kT0, false, false};
  const auto decided = [&](const std::vector<Consent>& consents) { return decide(consents, facts, kGroups); };

  SECTION("deny by default") {
    CHECK(decided({}).refused());
    CHECK(explain(decided({}), facts) == "no consent");
  }
  SECTION("a permit permits, and says which") {
    const auto decision = decided({{"yes", {}, true, {permit_b}}});
    CHECK(decision.given == SectionSet::document());
    CHECK(explain(decision, facts) == "permitted by consent yes");
  }
  SECTION("a patient's denial beats a hospital's permit for everybody") {
    const auto decision = decided({{"policy", {}, true, {permit_b}}, {"own", "p", true, {deny_all}}});
    CHECK(decision.refused());
    CHECK(explain(decision, facts) == "denied by consent own");
  }
  SECTION("the patient's own exception for one hospital is narrower than the patient's denial") {
    CHECK_FALSE(decided({{"own", "p", true, {deny_all, permit_b}}}).refused());
  }
  SECTION("a denial ends what an older, narrower permit gave, a permit after it is an exception to it") {
    Consent yes{"yes", "p", true, {permit_b}, 4}, no{"no", "p", true, {deny_all}, 5};
    CHECK(explain(decided({yes, no}), facts) == "denied by consent no");
    yes.place = 6;
    CHECK(explain(decided({yes, no}), facts) ==
          "permitted by consent yes, an exception to the denial of consent no");
    CHECK(overridden_consents(decided({yes, no})) == std::vector<std::string>{"no"});
    // Nobody knows what a HIS said first.
    yes.place.reset();
    CHECK(decided({yes, no}).refused());
    yes.place = 6, no.place.reset();
    CHECK(decided({yes, no}).refused());
    // Later, and no narrower.
    no.place = 5, yes.rules = {deny_all};
    yes.rules[0].effect = Effect::kPermit;
    CHECK(decided({yes, no}).refused());
  }
  SECTION("a hospital's denial for all gives way to a patient's own narrower permit, older or not") {
    const Consent yes{"yes", "p", true, {permit_b}, 4}, no{"no", {}, true, {deny_all}, 5};
    CHECK_FALSE(decided({yes, no}).refused());
  }
  SECTION("a later permit in the middle does not bring an older one inside it past a denial") {
    ConsentRule research = permit_b;
    research.purposes = {"HRESCH"};
    ConsentRule deny_b = deny_all;
    deny_b.peers = {kB};
    facts.purpose = "HRESCH";
    CHECK(
        decided(
            {{"a", "p", true, {research}, 2}, {"b", "p", true, {deny_b}, 1}, {"c", "p", true, {deny_all}, 3}})
            .refused());
  }
  SECTION("a misspelt purpose permits nothing and denies everything") {
    ConsentRule permit = permit_b, deny = deny_all;
    permit.purposes = {"TRAET", "TREAT"}, deny.purposes = {"TRAET"};
    CHECK_FALSE(decided({{"yes", "p", true, {permit}}}).refused());
    permit.purposes = {"TRAET"};
    CHECK(decided({{"yes", "p", true, {permit}}}).refused());
    CHECK(explain(decided({{"yes", {}, true, {permit_b}}, {"no", "p", true, {deny}}}), facts) ==
          "denied by consent no");
    facts.purpose = "TRAET";
    ConsentRule anything = permit_b;
    anything.purposes.clear();
    CHECK(explain(decided({{"yes", "p", true, {anything}}}), facts) ==
          "no consent; the purpose is none of HL7 PurposeOfUse");
  }
  SECTION("a denial of a purpose is one of all that is among it") {
    ConsentRule anything = permit_b, deny = deny_all;
    anything.purposes.clear(), deny.purposes = {"HRESCH"};
    facts.purpose = "CLINTRCHPC";
    CHECK_FALSE(decided({{"yes", "p", true, {anything}}}).refused());
    CHECK(decided({{"yes", "p", true, {anything}}, {"no", "p", true, {deny}}}).refused());
  }
  SECTION("two rules of one reach: deny wins") {
    ConsentRule deny_b = permit_b;
    deny_b.effect = Effect::kDeny;
    CHECK(decided({{"a", {}, true, {permit_b}}, {"b", {}, true, {deny_b}}}).refused());
  }
  SECTION("one section is withheld, and with it what belongs to none") {
    facts.asked = SectionSet::all();
    ConsentRule withheld = deny_all;
    withheld.sections = {Section::kPregnancy};
    const auto decision = decided({{"policy", {}, true, {permit_b}}, {"own", "p", true, {withheld}}});
    CHECK(decision.withheld == SectionSet{Section::kNone, Section::kPregnancy});
    CHECK_FALSE(decision.refused());
    CHECK_THAT(explain(decision, facts), Catch::Contains("denied by consent own: pregnancy"));
  }
  SECTION("a denial of TREAT is not passed by calling it ETREAT, nor by breaking the glass") {
    ConsentRule deny_treat = deny_all;
    deny_treat.purposes = {"TREAT"};
    facts.purpose = "ETREAT";
    facts.reason_given = facts.break_glass_allowed = true;
    CHECK(decided({{"own", "p", true, {deny_treat}}}).refused());
    CHECK_FALSE(decided({}).refused());
    CHECK(decided({}).break_glass);
    facts.member = MemberStatus::kRevoked;
    CHECK(decided({}).refused());
  }
  SECTION("breaking the glass opens only what nobody spoke of") {
    ConsentRule withheld = deny_all;
    withheld.sections = {Section::kPregnancy};
    facts.purpose = "ETREAT";
    facts.reason_given = facts.break_glass_allowed = true;
    const auto decision = decided({{"own", "p", true, {withheld}}});
    CHECK(decision.break_glass);
    CHECK(decision.withheld == SectionSet{Section::kPregnancy});
  }
  SECTION("a permit for ETREAT needs no glass broken") {
    ConsentRule permit = permit_b;
    permit.purposes = {"ETREAT"};
    facts.purpose = "ETREAT";
    facts.reason_given = facts.break_glass_allowed = true;
    const auto decision = decided({{"yes", {}, true, {permit}}});
    CHECK_FALSE(decision.refused());
    CHECK_FALSE(decision.break_glass);
  }
  SECTION("why the glass did not break") {
    facts.purpose = "ETREAT";
    CHECK_THAT(explain(decided({}), facts), Catch::EndsWith("no reason was given for breaking the glass"));
    facts.reason_given = true;
    CHECK_THAT(explain(decided({}), facts),
               Catch::EndsWith("this hospital does not allow breaking the glass"));
  }
  SECTION("past a denial no reason helps, and none is asked for") {
    facts.purpose = "ETREAT";
    const ConsentRule deny{Effect::kDeny, {}, {}, {}, SectionSet::all(), {}, {}};
    CHECK(explain(decided({{"no", {}, true, {deny}}}), facts) == "denied by consent no");
  }
}

TEST_CASE("consent: what permits still give beside denials") {
  const ConsentRule permit_b{Effect::kPermit, {kB}, {}, {"TREAT"}, SectionSet::all(), {}, kT1};
  const ConsentRule deny_all{Effect::kDeny, {}, {}, {}, SectionSet::all(), {}, {}};
  ConsentRule everywhere = permit_b, deny_b = deny_all, empty = permit_b;
  everywhere.peers.clear(), deny_b.peers = {kB};
  empty.purposes = {"TRAET"};
  const auto standing = [&](const std::vector<Consent>& consents, bool of_one = true) {
    std::string out;
    for (const auto& one : standing_permits(consents, kGroups, kT0, of_one)) {
      out += one.consent + (one.gives() ? "+" : "-");
      for (const auto& id : one.exception_to) out += " despite " + id;
      for (const auto& id : one.denied_by) out += " not by " + id;
      out += ";";
    }
    return out;
  };
  const Consent older{"older", "p", true, {permit_b}, 1}, denial{"denial", "p", true, {deny_all}, 2},
      later{"later", "p", true, {permit_b}, 3};
  CHECK(standing({older, denial, later}) == "older- not by denial;later+ despite denial;");
  CHECK(standing({{"policy", {}, true, {everywhere}, 1}, {"some", "p", true, {deny_b}, 2}}) == "policy+;");
  // The hospital's permit is about others too, but of this patient nothing is left.
  CHECK(standing({{"policy", {}, true, {everywhere}, 1}, denial}) == "policy- not by denial;");
  CHECK(standing({{"policy", {}, true, {everywhere}, 1}, denial}, false) == "policy+;");
  CHECK(standing({older, {"hospital", {}, true, {deny_all}, 2}}, false) == "older+ despite hospital;");
  CHECK(standing({older, {"another", "q", true, {deny_all}, 2}}, false) == "older+;");
  // What has ended, names nobody's purpose or is not in force gives nothing and is not named.
  CHECK(standing_permits({older}, kGroups, kT1, true).empty());
  CHECK(standing({{"empty", "p", true, {empty}, 1}, {"idle", "p", false, {permit_b}, 1}}).empty());
  // A denial of the past does not count against what is still to come.
  ConsentRule until_now = deny_all;
  until_now.to = kT0;
  CHECK(standing({older, {"over", "p", true, {until_now}, 2}}) == "older+;");
}
