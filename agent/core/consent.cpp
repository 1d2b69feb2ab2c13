#include "agent/core/consent.h"

#include <algorithm>
#include <array>
#include <set>

#include "agent/core/fhir/section_names.h"

namespace edge {

using fhir::Section;

namespace {

constexpr int kLastSection = 16;

// What a rule reaches, with groups resolved; nothing where it reaches all there is. Emergency treatment lies
// within treatment, so a permit and a denial of TREAT compare as equals.
struct Reach {
  bool any_patient = false;
  std::optional<std::set<ledger::Address>> actors;
  std::optional<std::set<std::string>> purposes;
  SectionSet sections;
  ledger::TimePoint from = ledger::TimePoint::min(), to = ledger::TimePoint::max();
};

std::optional<std::set<ledger::Address>> actors_of(const ConsentRule& rule, const PeerGroups& groups) {
  if (rule.peers.empty() && rule.groups.empty()) return std::nullopt;
  std::set<ledger::Address> actors(rule.peers.begin(), rule.peers.end());
  for (const std::string& name : rule.groups) {
    const auto group = groups.find(name);
    if (group != groups.end()) {
      actors.insert(group->second.begin(), group->second.end());
    } else if (rule.effect == Effect::kDeny) {
      return std::nullopt;
    }
  }
  return actors;
}

Reach reach_of(const Consent& consent, const ConsentRule& rule, const PeerGroups& groups) {
  Reach reach;
  reach.any_patient = !consent.patient;
  reach.actors = actors_of(rule, groups);
  if (!rule.purposes.empty()) {
    reach.purposes.emplace(rule.purposes.begin(), rule.purposes.end());
    if (reach.purposes->contains(std::string(kTreatment))) reach.purposes->emplace(kEmergency);
  }
  reach.sections = rule.sections;
  if (rule.from) reach.from = *rule.from;
  if (rule.to) reach.to = *rule.to;
  return reach;
}

bool names(const ConsentRule& rule, const std::string& purpose) {
  return rule.purposes.empty() ||
         std::find(rule.purposes.begin(), rule.purposes.end(), purpose) != rule.purposes.end();
}

// Whether the rule is about this request, sections aside.
bool applies(const Consent& consent, const ConsentRule& rule, const Reach& reach, const ConsentFacts& facts) {
  return consent.active && (!consent.patient || *consent.patient == facts.patient) &&
         reach.from <= facts.time && facts.time < reach.to &&
         (!reach.actors || reach.actors->contains(facts.peer)) &&
         (names(rule, facts.purpose) || (rule.effect == Effect::kDeny && facts.purpose == kEmergency &&
                                         names(rule, std::string(kTreatment))));
}

template <class T>
bool within(const std::optional<std::set<T>>& inner, const std::optional<std::set<T>>& outer) {
  if (!outer) return true;
  return inner && std::includes(outer->begin(), outer->end(), inner->begin(), inner->end());
}

// Both apply to one request, so two that name a patient name the same.
bool lies_within(const Reach& inner, const Reach& outer) {
  return (outer.any_patient || !inner.any_patient) && within(inner.actors, outer.actors) &&
         within(inner.purposes, outer.purposes) && outer.sections.contains(inner.sections) &&
         outer.from <= inner.from && inner.to <= outer.to;
}

bool is_narrower(const Reach& a, const Reach& b) {
  return lies_within(a, b) && !lies_within(b, a);
}

struct Candidate {
  const Consent* consent;
  std::size_t rule;
  Effect effect;
  Reach reach;
};

std::vector<Candidate> candidates(const std::vector<Consent>& consents, const ConsentFacts& facts,
                                  const PeerGroups& groups) {
  std::vector<Candidate> out;
  for (const Consent& consent : consents) {
    for (std::size_t i = 0; i < consent.rules.size(); ++i) {
      Reach reach = reach_of(consent, consent.rules[i], groups);
      if (applies(consent, consent.rules[i], reach, facts))
        out.push_back({&consent, i, consent.rules[i].effect, std::move(reach)});
    }
  }
  // Which of several equal rules is named does not depend on where they came from.
  std::sort(out.begin(), out.end(), [](const Candidate& a, const Candidate& b) {
    return a.consent->id != b.consent->id ? a.consent->id < b.consent->id : a.rule < b.rule;
  });
  return out;
}

bool may_break_glass(const ConsentFacts& facts) {
  return facts.purpose == kEmergency && facts.reason_given && facts.break_glass_allowed;
}

SectionRuling judge(Section section, const std::vector<Candidate>& all, const ConsentFacts& facts) {
  std::vector<const Candidate*> here;
  for (const Candidate& one : all)
    if (one.reach.sections.contains(section)) here.push_back(&one);
  if (here.empty())
    return {section, may_break_glass(facts) ? Ruling::kBreakGlass : Ruling::kNoConsent, "", 0};
  const auto set_aside = [&](const Candidate* one) {
    return std::any_of(here.begin(), here.end(),
                       [&](const Candidate* other) { return is_narrower(other->reach, one->reach); });
  };
  const Candidate* permit = nullptr;
  for (const Candidate* one : here) {
    if (set_aside(one)) continue;
    if (one->effect == Effect::kDeny) return {section, Ruling::kDenied, one->consent->id, one->rule};
    if (permit == nullptr) permit = one;
  }
  // A finite order has a least element, so a permit is left where no denial is.
  return {section, Ruling::kPermitted, permit->consent->id, permit->rule};
}

bool lets(Ruling ruling) {
  return ruling == Ruling::kPermitted || ruling == Ruling::kBreakGlass;
}

}  // namespace

std::vector<Section> SectionSet::list() const {
  std::vector<Section> out;
  for (int i = 0; i <= kLastSection; ++i)
    if (contains(static_cast<Section>(i))) out.push_back(static_cast<Section>(i));
  return out;
}

std::string_view ruling_text(Ruling ruling) {
  static constexpr std::array<std::string_view, 5> kTexts{"member is not active", "no consent", "denied",
                                                          "permitted", "break-glass"};
  return kTexts.at(static_cast<std::size_t>(ruling));
}

ConsentDecision decide(const std::vector<Consent>& consents, const ConsentFacts& facts,
                       const PeerGroups& groups) {
  ConsentDecision decision;
  const bool active = facts.member == ledger::MemberStatus::kActive;
  const auto all = active ? candidates(consents, facts, groups) : std::vector<Candidate>{};
  const auto rule_on = [&](Section section) {
    SectionRuling ruling =
        active ? judge(section, all, facts) : SectionRuling{section, Ruling::kMemberNotActive, "", 0};
    if (lets(ruling.ruling)) decision.permitted.add(section);
    if (ruling.ruling == Ruling::kBreakGlass && facts.asked.contains(section)) decision.break_glass = true;
    decision.rulings.push_back(std::move(ruling));
  };
  for (int i = 1; i <= kLastSection; ++i) rule_on(static_cast<Section>(i));
  rule_on(Section::kNone);
  if (!decision.permitted.contains(SectionSet::document())) decision.permitted.remove(Section::kNone);
  decision.given = decision.permitted & facts.asked;
  decision.withheld = facts.asked - decision.permitted;
  return decision;
}

std::string deciding_rule(const ConsentDecision& decision) {
  const SectionSet asked = decision.asked();
  std::map<std::string, std::vector<std::string>> sections;  // by what decided
  for (const SectionRuling& one : decision.rulings) {
    if (!asked.contains(one.section)) continue;
    std::string by(ruling_text(one.ruling));
    if (!one.consent.empty())
      by += " by consent " + one.consent + (one.rule == 0 ? "" : ", exception " + std::to_string(one.rule));
    const auto name = fhir::section_name(one.section);
    sections[by].emplace_back(name.empty() ? "what belongs to no section" : std::string(name));
  }
  std::string out;
  for (const auto& [by, names] : sections) {
    out += (out.empty() ? "" : "; ") + by;
    if (sections.size() == 1) break;
    for (std::size_t i = 0; i < names.size(); ++i) out += (i == 0 ? ": " : ", ") + names[i];
  }
  return out;
}

std::string deciding_consents(const ConsentDecision& decision) {
  const SectionSet asked = decision.asked();
  std::vector<std::string_view> ids;
  std::string out;
  for (const SectionRuling& one : decision.rulings) {
    if (one.consent.empty() || !asked.contains(one.section) ||
        std::find(ids.begin(), ids.end(), one.consent) != ids.end())
      continue;
    ids.push_back(one.consent);
    out += (out.empty() ? "" : " ") + one.consent;
  }
  return out;
}

std::string explain(const ConsentDecision& decision, const ConsentFacts& facts) {
  std::string out = deciding_rule(decision);
  const bool emergency =
      facts.purpose == kEmergency && decision.refused() && facts.member == ledger::MemberStatus::kActive;
  if (emergency && !facts.reason_given) out += "; no reason was given for breaking the glass";
  if (emergency && facts.reason_given && !facts.break_glass_allowed)
    out += "; this hospital does not allow breaking the glass";
  return out;
}

bool is_group_name(std::string_view text) {
  bool joint = true;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!letter && (c != '-' || joint)) return false;
    joint = c == '-';
  }
  return !joint && text.size() <= 64;
}

bool is_purpose_code(std::string_view text) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  return text.size() >= 2 && text.size() <= 32 && upper(text.front()) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return upper(c) || (c >= '0' && c <= '9'); });
}

}  // namespace edge
