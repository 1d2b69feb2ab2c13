// The decision over consents against a second formulation that shares nothing with it: a rule is the set of
// all situations it reaches, written out point by point, and the answer is read off those sets.
#include "agent/core/consent.h"

#include <bitset>
#include <catch2/catch.hpp>
#include <random>

#include "agent/core/consent_standing.h"
#include "agent/core/purpose.h"

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
const std::vector<std::string> kPurposes{"TREAT", "ETREAT", "BTG", "HRESCH", "XTREAT", "HPAYMT"};
const std::vector<ledger::TimePoint> kTimes{
    kT0 - std::chrono::hours(999), kT0 - kTick, kT0, kT1 - kTick, kT1, kT2 - kTick, kT2,
    kT2 + std::chrono::hours(999)};
constexpr std::size_t kSections = 17;
using Situations = std::bitset<3 * 3 * 6 * kSections * 8>;

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

// XTREAT is no purpose there is. Breaking the glass is emergency treatment, and that is treatment.
bool names_purpose(const ConsentRule& rule, bool with_what_is_among_it, const std::string& purpose) {
  if (rule.purposes.empty()) return true;
  for (const auto& one : rule.purposes) {
    if (one == "XTREAT") {
      if (rule.effect == Effect::kDeny) return true;
    } else if (one == purpose) {
      return true;
    } else if (with_what_is_among_it) {
      if (one == "TREAT" && (purpose == "ETREAT" || purpose == "BTG")) return true;
      if (one == "ETREAT" && purpose == "BTG") return true;
    }
  }
  return false;
}

// Who asks for what nobody knows is permitted nothing, and denied what anybody is.
bool speaks_of(const ConsentRule& rule, const std::string& purpose) {
  if (purpose == "XTREAT") return rule.effect == Effect::kDeny;
  return names_purpose(rule, rule.effect == Effect::kDeny, purpose);
}

bool covers(const ConsentRule& rule, const std::string& purpose) {
  return names_purpose(rule, true, purpose);
}

Situations reached(const Consent& consent, const ConsentRule& rule,
                   bool (*purposes)(const ConsentRule&, const std::string&)) {
  Situations out;
  for (std::size_t patient = 0; patient < kPatients.size(); ++patient)
    for (std::size_t actor = 0; actor < kActors.size(); ++actor)
      for (std::size_t purpose = 0; purpose < kPurposes.size(); ++purpose)
        for (std::size_t section = 0; section < kSections; ++section)
          for (std::size_t time = 0; time < kTimes.size(); ++time) {
            if (consent.patient && *consent.patient != kPatients[patient]) continue;
            if (!names_actor(rule, kActors[actor]) || !purposes(rule, kPurposes[purpose])) continue;
            if (!rule.sections.contains(static_cast<Section>(section))) continue;
            if (rule.from && kTimes[time] < *rule.from) continue;
            if (rule.to && !(kTimes[time] < *rule.to)) continue;
            out.set(point(patient, actor, purpose, section, time));
          }
  return out;
}

struct Written {
  std::size_t consent;
  Effect effect;
  bool active, of_one_patient;
  std::optional<std::uint64_t> place;
  Situations situations;  // it speaks of
  Situations extent;      // it is compared by: emergency treatment is treatment
};

// What may stand beside a denial: its own consent's words, the patient's beside the hospital's, later ones.
bool may_except(const Written& permit, const Written& denial) {
  if (permit.consent == denial.consent) return true;
  if (permit.of_one_patient && !denial.of_one_patient) return true;
  return permit.place && denial.place && *permit.place > *denial.place;
}

enum class Expected { kNo, kDenied, kYes, kNothingSaid };

Expected expected(const std::vector<Written>& rules, std::size_t at) {
  bool said = false;
  for (const Written& rule : rules) {
    if (!rule.active || !rule.situations.test(at)) continue;
    said = true;
    if (rule.effect == Effect::kPermit) continue;
    // A denial stands unless a permit that applies lies properly inside it and may.
    bool stands = true;
    for (const Written& other : rules) {
      if (other.effect == Effect::kDeny || !other.active || !other.situations.test(at)) continue;
      if (other.extent == rule.extent || !may_except(other, rule)) continue;
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
    for (const auto& rule : consent.rules)
      written.push_back({consents.size(), rule.effect, consent.active, consent.patient.has_value(),
                         consent.place, reached(consent, rule, speaks_of), reached(consent, rule, covers)});
    consents.push_back(consent);
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
    {},      {"TREAT"},  {"ETREAT"},         {"HRESCH"}, {"TREAT", "HRESCH"}, {"TREAT", "ETREAT"},
    {"BTG"}, {"XTREAT"}, {"XTREAT", "TREAT"}};
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
  facts.purpose = kPurposes[any(5)];
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
  if (any(4) != 0) consent.place = any(5);
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
              for (std::size_t purpose = 0; purpose < 5; ++purpose)
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
  CHECK(compared == 8 * 9 * 4 * 4 * 2 * 3 * 5 * 4 * 4);
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

TEST_CASE("consent: what standing_permits says is given, and by what, is what decide gives") {
  std::mt19937 random(11);
  std::size_t permitted = 0, silent = 0;
  for (int i = 0; i < 3'000; ++i) {
    std::vector<Consent> consents;
    for (std::size_t one = 0; one < 3; ++one) {
      consents.push_back(consent_of(random, one));
      if (consents.back().patient) consents.back().patient = "p";
    }
    const auto permits = standing_permits(consents, kGroups, kTimes.front(), true);
    ConsentFacts facts = facts_of(random);
    facts.patient = "p", facts.member = MemberStatus::kActive, facts.break_glass_allowed = false;
    for (const auto& ruling : decide(consents, facts, kGroups).rulings) {
      if (ruling.ruling != Ruling::kPermitted) continue;
      ++permitted;
      silent +=
          std::none_of(permits.begin(), permits.end(), [](const auto& one) { return one.gives(); }) ? 1 : 0;
    }
  }
  CHECK(permitted > 500);
  CHECK(silent == 0);
}

TEST_CASE("consent: HL7's purposes, each once and after its parent") {
  std::vector<std::string_view> before;
  for (const Purpose& one : purposes()) {
    CHECK(is_purpose_code(one.code));
    CHECK(std::find(before.begin(), before.end(), one.code) == before.end());
    if (!one.parent.empty()) CHECK(std::find(before.begin(), before.end(), one.parent) != before.end());
    before.push_back(one.code);
  }
  CHECK(is_within("BTG", "TREAT"));
  CHECK(is_within("TREAT", "TREAT"));
  CHECK_FALSE(is_within("TREAT", "ETREAT"));
  CHECK_FALSE(is_within("TRAET", "TREAT"));
  CHECK(find_purpose("") == nullptr);
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
