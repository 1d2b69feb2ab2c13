// The decision over consents against a second formulation that shares nothing with it: a rule is the set of
// all situations it reaches, written out point by point, and the answer is read off those sets.
#include "agent/core/consent.h"

#include <bitset>
#include <catch2/catch.hpp>
#include <random>

#include "agent/core/consent_standing.h"

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
