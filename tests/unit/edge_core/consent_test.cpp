// The decision over consents against a second formulation that shares nothing with it: a rule is the set of
// all situations it reaches, written out point by point, and the answer is read off those sets.
#include "agent/core/consent.h"

#include <bitset>
#include <catch2/catch.hpp>
#include <random>

using namespace edge;
using fhir::Section;
using ledger::MemberStatus;

namespace {

const ledger::Address kB = *ledger::Address::parse("10.20.0.6");
const ledger::Address kC = *ledger::Address::parse("10.20.0.7");
const ledger::Address kD = *ledger::Address::parse("10.20.0.8");
const ledger::TimePoint kT0 = *ledger::parse_time("2026-11-01T00:00:00.000Z");
const ledger::TimePoint kT1 = kT0 + std::chrono::hours(24);
const ledger::TimePoint kT2 = kT0 + std::chrono::hours(48);
const std::chrono::milliseconds kTick{1};

const PeerGroups kGroups{{"both", {kB, kC}}, {"one", {kB}}, {"nobody", {}}};

// Everything anybody could ask. The last of each list is named by no rule, so "any" is more than all named.
const std::vector<std::string> kPatients{"p", "q", "r"};
const std::vector<ledger::Address> kActors{kB, kC, kD};
const std::vector<std::string> kPurposes{"TREAT", "ETREAT", "HRESCH", "HPAYMT"};
const std::vector<ledger::TimePoint> kTimes{
    kT0 - std::chrono::hours(999), kT0 - kTick, kT0, kT1 - kTick, kT1, kT2 - kTick, kT2,
    kT2 + std::chrono::hours(999)};
constexpr std::size_t kSections = 17;
using Situations = std::bitset<3 * 3 * 4 * kSections * 8>;

template <class T>
std::size_t place(const std::vector<T>& list, const T& value) {
  return static_cast<std::size_t>(std::find(list.begin(), list.end(), value) - list.begin());
}

std::size_t point(std::size_t patient, std::size_t actor, std::size_t purpose, std::size_t section,
                  std::size_t time) {
  return (((patient * kActors.size() + actor) * kPurposes.size() + purpose) * kSections + section) *
             kTimes.size() +
         time;
}

// --- the second formulation

bool names_actor(const ConsentRule& rule, const ledger::Address& actor) {
  if (rule.peers.empty() && rule.groups.empty()) return true;
  for (const auto& peer : rule.peers)
    if (peer == actor) return true;
  for (const auto& group : rule.groups) {
    if (group == "both" && (actor == kB || actor == kC)) return true;
    if (group == "one" && actor == kB) return true;
    if (group == "gone" && rule.effect == Effect::kDeny) return true;
  }
  return false;
}

bool names_purpose(const ConsentRule& rule, Effect applied, const std::string& purpose) {
  if (rule.purposes.empty()) return true;
  for (const auto& one : rule.purposes) {
    if (one == purpose) return true;
    if (applied == Effect::kDeny && one == "TREAT" && purpose == "ETREAT") return true;
  }
  return false;
}

// `applied` as a denial, a rule about TREAT is about ETREAT too.
Situations reached(const Consent& consent, const ConsentRule& rule, Effect applied) {
  Situations out;
  for (std::size_t patient = 0; patient < kPatients.size(); ++patient)
    for (std::size_t actor = 0; actor < kActors.size(); ++actor)
      for (std::size_t purpose = 0; purpose < kPurposes.size(); ++purpose)
        for (std::size_t section = 0; section < kSections; ++section)
          for (std::size_t time = 0; time < kTimes.size(); ++time) {
            if (consent.patient && *consent.patient != kPatients[patient]) continue;
            if (!names_actor(rule, kActors[actor]) || !names_purpose(rule, applied, kPurposes[purpose]))
              continue;
            if (!rule.sections.contains(static_cast<Section>(section))) continue;
            if (rule.from && kTimes[time] < *rule.from) continue;
            if (rule.to && !(kTimes[time] < *rule.to)) continue;
            out.set(point(patient, actor, purpose, section, time));
          }
  return out;
}

struct Written {
  Effect effect;
  bool active;
  Situations situations;  // it speaks of
  Situations extent;      // it is compared by: emergency treatment is treatment
};

enum class Expected { kNo, kDenied, kYes, kNothingSaid };

Expected expected(const std::vector<Written>& rules, std::size_t at) {
  bool said = false;
  for (const Written& rule : rules) {
    if (!rule.active || !rule.situations.test(at)) continue;
    said = true;
    if (rule.effect == Effect::kPermit) continue;
    // A denial stands unless something that applies lies properly inside it.
    bool stands = true;
    for (const Written& other : rules) {
      if (!other.active || !other.situations.test(at) || other.extent == rule.extent) continue;
      if ((other.extent & rule.extent) == other.extent) stands = false;
    }
    if (stands) return Expected::kDenied;
  }
  return said ? Expected::kYes : Expected::kNothingSaid;
}

// --- the table

struct Table {
  std::vector<Consent> consents;
  std::vector<Written> written;

  void add(const Consent& consent) {
    consents.push_back(consent);
    for (const auto& rule : consent.rules)
      written.push_back({rule.effect, consent.active, reached(consent, rule, rule.effect),
                         reached(consent, rule, Effect::kDeny)});
  }
};

std::size_t compare(const Table& table, const ConsentFacts& facts) {
  const ConsentDecision decision = decide(table.consents, facts, kGroups);
  const bool broken_glass = facts.purpose == "ETREAT" && facts.reason_given && facts.break_glass_allowed;
  SectionSet permitted;
  bool glass = false;
  for (std::size_t section = 0; section < kSections; ++section) {
    const auto at = point(place(kPatients, facts.patient), place(kActors, facts.peer),
                          place(kPurposes, facts.purpose), section, place(kTimes, facts.time));
    const Expected answer =
        facts.member == MemberStatus::kActive ? expected(table.written, at) : Expected::kNo;
    if (answer == Expected::kYes || (answer == Expected::kNothingSaid && broken_glass))
      permitted.add(static_cast<Section>(section));
    if (answer == Expected::kNothingSaid && broken_glass &&
        facts.asked.contains(static_cast<Section>(section)))
      glass = true;
  }
  for (std::size_t section = 1; section < kSections; ++section)
    if (!permitted.contains(static_cast<Section>(section))) permitted.remove(Section::kNone);
  const bool same = decision.permitted == permitted && decision.given == (permitted & facts.asked) &&
                    decision.withheld == (facts.asked - permitted) && decision.break_glass == glass;
  if (!same) {
    INFO("purpose " << facts.purpose << ", peer " << facts.peer.text() << ": " << explain(decision, facts));
    CHECK(decision.permitted.list() == permitted.list());
    CHECK(decision.break_glass == glass);
  }
  return same ? 0 : 1;
}

const std::vector<std::pair<std::vector<ledger::Address>, std::vector<std::string>>> kRuleActors{
    {{}, {}},      {{kB}, {}},     {{kC}, {}},      {{}, {"both"}},
    {{}, {"one"}}, {{}, {"gone"}}, {{kC}, {"one"}}, {{}, {"nobody"}}};
const std::vector<std::vector<std::string>> kRulePurposes{
    {}, {"TREAT"}, {"ETREAT"}, {"HRESCH"}, {"TREAT", "HRESCH"}, {"TREAT", "ETREAT"}};
const std::vector<SectionSet> kRuleSections{SectionSet::all(), SectionSet::document(),
                                            SectionSet{Section::kProblems},
                                            SectionSet{Section::kProblems, Section::kAllergies}};
const std::vector<std::pair<std::optional<ledger::TimePoint>, std::optional<ledger::TimePoint>>> kRulePeriods{
    {{}, {}}, {kT0, kT2}, {kT1, {}}, {{}, kT1}};

ConsentFacts facts_of(std::mt19937& random) {
  const auto any = [&](std::size_t count) { return random() % count; };
  ConsentFacts facts{kActors[any(3)], MemberStatus::kActive, "", "", {}, {}, false, false};
  facts.member = any(12) == 0 ? MemberStatus::kSuspended : MemberStatus::kActive;
  facts.patient = kPatients[any(2)];
  facts.purpose = kPurposes[any(3)];
  facts.asked =
      std::vector<SectionSet>{SectionSet::document(), SectionSet::all(), SectionSet{Section::kProblems},
                              SectionSet{Section::kAllergies, Section::kResults}}[any(4)];
  facts.time = kTimes[any(kTimes.size())];
  facts.reason_given = any(2) == 0;
  facts.break_glass_allowed = any(2) == 0;
  return facts;
}

Consent consent_of(std::mt19937& random, std::size_t number) {
  const auto any = [&](std::size_t count) { return random() % count; };
  Consent consent{"c" + std::to_string(number), {}, any(10) != 0, {}};
  const auto patient = any(5);
  if (patient < 3) consent.patient = kPatients[patient == 2 ? 1 : 0];
  const std::size_t rules = 1 + any(2);
  for (std::size_t i = 0; i < rules; ++i) {
    const auto& actors = kRuleActors[any(kRuleActors.size())];
    const auto& period = kRulePeriods[any(kRulePeriods.size())];
    consent.rules.push_back({any(2) == 0 ? Effect::kPermit : Effect::kDeny, actors.first, actors.second,
                             kRulePurposes[any(kRulePurposes.size())],
                             kRuleSections[any(kRuleSections.size())], period.first, period.second});
  }
  return consent;
}

}  // namespace

TEST_CASE("consent: every single rule decides every request as the table of situations says") {
  std::size_t compared = 0, wrong = 0;
  for (const auto& actors : kRuleActors)
    for (const auto& purposes : kRulePurposes)
      for (const auto& sections : kRuleSections)
        for (const auto& period : kRulePeriods)
          for (const Effect effect : {Effect::kPermit, Effect::kDeny}) {
            Table table;
            table.add(
                {"c",
                 "p",
                 true,
                 {{effect, actors.first, actors.second, purposes, sections, period.first, period.second}}});
            for (const auto& peer : kActors)
              for (std::size_t purpose = 0; purpose < 3; ++purpose)
                for (const auto& time : {kT0 - kTick, kT0, kT1, kT2})
                  for (unsigned glass = 0; glass < 4; ++glass) {
                    ConsentFacts facts{peer,
                                       MemberStatus::kActive,
                                       "p",
                                       kPurposes[purpose],
                                       SectionSet::document(),
                                       time,
                                       (glass & 1U) != 0,
                                       (glass & 2U) != 0};
                    wrong += compare(table, facts);
                    ++compared;
                  }
          }
  CHECK(wrong == 0);
  CHECK(compared == 8 * 6 * 4 * 4 * 2 * 3 * 3 * 4 * 4);
}

TEST_CASE("consent: any set of rules decides as the table of situations says") {
  std::mt19937 random(20261122);
  std::size_t wrong = 0;
  for (int i = 0; i < 4'000; ++i) {
    Table table;
    const std::size_t consents = random() % 5;
    for (std::size_t one = 0; one < consents; ++one) table.add(consent_of(random, one));
    for (int request = 0; request < 12; ++request) wrong += compare(table, facts_of(random));
  }
  CHECK(wrong == 0);
}

TEST_CASE("consent: the order of consents changes nothing") {
  std::mt19937 random(7);
  for (int i = 0; i < 500; ++i) {
    std::vector<Consent> consents;
    for (std::size_t one = 0; one < 4; ++one) consents.push_back(consent_of(random, one));
    const ConsentFacts facts = facts_of(random);
    const auto first = decide(consents, facts, kGroups);
    std::shuffle(consents.begin(), consents.end(), random);
    const auto second = decide(consents, facts, kGroups);
    CHECK(first.permitted == second.permitted);
    CHECK(explain(first, facts) == explain(second, facts));
  }
}

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
}

TEST_CASE("consent: names of groups and purposes leave no room for look-alikes") {
  CHECK(is_group_name("north-2"));
  for (const char* name : {"", "-a", "a-", "a--b", "North", "nоrth" /* a Cyrillic o */, "a b", "a\nb"})
    CHECK_FALSE(is_group_name(name));
  CHECK_FALSE(is_group_name(std::string(65, 'a')));
  CHECK(is_purpose_code("TREAT"));
  for (const char* code : {"", "T", "treat", "ТREAT" /* a Cyrillic T */, "1A"})
    CHECK_FALSE(is_purpose_code(code));
}
