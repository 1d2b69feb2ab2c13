#include "agent/core/consent.h"

#include <algorithm>
#include <array>

#include "agent/core/consent_reach.h"
#include "agent/core/fhir/section_names.h"
#include "agent/core/purpose.h"

namespace edge {

using fhir::Section;

namespace {

constexpr int kLastSection = 16;

using consent_reach::is_exception;
using consent_reach::is_narrower;
using consent_reach::Rule;

// Whether the rule is about this request, sections aside. A permit applies to the purposes it names alone, a
// denial to what is among them too, and to what may be anything.
bool holds_purpose(const Rule& rule, const std::string& purpose) {
  if (!find_purpose(purpose)) return rule.effect == Effect::kDeny;
  const auto& named = rule.consent->rules[rule.number].purposes;
  if (rule.effect == Effect::kPermit)
    return named.empty() || std::find(named.begin(), named.end(), purpose) != named.end();
  return !rule.reach.purposes || rule.reach.purposes->contains(purpose);
}

bool applies(const Rule& rule, const ConsentFacts& facts) {
  const Consent& consent = *rule.consent;
  return consent.active && (!consent.patient || *consent.patient == facts.patient) &&
         rule.reach.from <= facts.time && facts.time < rule.reach.to &&
         (!rule.reach.actors || rule.reach.actors->contains(facts.peer)) &&
         holds_purpose(rule, facts.purpose);
}

std::vector<Rule> applying(const std::vector<Consent>& consents, const ConsentFacts& facts,
                           const PeerGroups& groups) {
  std::vector<Rule> out;
  for (const Consent& consent : consents) {
    for (std::size_t i = 0; i < consent.rules.size(); ++i) {
      Rule rule = consent_reach::rule_at(consent, i, groups);
      if (applies(rule, facts)) out.push_back(std::move(rule));
    }
  }
  // Which of several equal rules is named does not depend on where they came from.
  std::sort(out.begin(), out.end(), [](const Rule& a, const Rule& b) {
    return a.consent->id != b.consent->id ? a.consent->id < b.consent->id : a.number < b.number;
  });
  return out;
}

bool may_break_glass(const ConsentFacts& facts) {
  return facts.purpose == kEmergency && facts.reason_given && facts.break_glass_allowed;
}

// One that none of the others is narrower than: there is one, for a finite order has a least element.
const Rule& narrowest(const std::vector<const Rule*>& permits) {
  return **std::find_if(permits.begin(), permits.end(), [&](const Rule* one) {
    return std::none_of(permits.begin(), permits.end(),
                        [&](const Rule* other) { return is_narrower(other->reach, one->reach); });
  });
}

SectionRuling judge(Section section, const std::vector<Rule>& all, const ConsentFacts& facts) {
  std::vector<const Rule*> permits, denials;
  for (const Rule& one : all)
    if (one.reach.sections.contains(section))
      (one.effect == Effect::kPermit ? permits : denials).push_back(&one);
  if (permits.empty() && denials.empty())
    return {section, may_break_glass(facts) ? Ruling::kBreakGlass : Ruling::kNoConsent, "", 0};
  SectionRuling ruling{section, Ruling::kPermitted, "", 0};
  const auto decided_by = [&](const Rule& rule) {
    ruling.consent = rule.consent->id;
    ruling.rule = rule.number;
  };
  if (!permits.empty()) decided_by(narrowest(permits));
  for (const Rule* denial : denials) {
    const auto exception = std::find_if(permits.begin(), permits.end(),
                                        [&](const Rule* permit) { return is_exception(*permit, *denial); });
    if (exception == permits.end()) {
      decided_by(*denial);
      ruling.ruling = Ruling::kDenied;
      ruling.despite.clear();
      return ruling;
    }
    decided_by(**exception);
    if ((*exception)->consent != denial->consent) ruling.despite = denial->consent->id;
  }
  return ruling;
}

bool lets(Ruling ruling) {
  return ruling == Ruling::kPermitted || ruling == Ruling::kBreakGlass;
}

// Of the sections asked, what their rulings say there, each once.
std::vector<std::string> named_once(const ConsentDecision& decision, std::string SectionRuling::*where) {
  const SectionSet asked = decision.asked();
  std::vector<std::string> ids;
  for (const SectionRuling& one : decision.rulings) {
    const std::string& id = one.*where;
    if (!id.empty() && asked.contains(one.section) && std::find(ids.begin(), ids.end(), id) == ids.end())
      ids.push_back(id);
  }
  return ids;
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
  const auto all = active ? applying(consents, facts, groups) : std::vector<Rule>{};
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
    if (!one.despite.empty()) by += ", an exception to the denial of consent " + one.despite;
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
  std::string out;
  for (const std::string& id : named_once(decision, &SectionRuling::consent))
    out += (out.empty() ? "" : " ") + id;
  return out;
}

std::vector<std::string> overridden_consents(const ConsentDecision& decision) {
  return named_once(decision, &SectionRuling::despite);
}

std::string explain(const ConsentDecision& decision, const ConsentFacts& facts) {
  std::string out = deciding_rule(decision);
  // Where a consent denies all of it, no reason helps.
  const bool emergency = facts.purpose == kEmergency && decision.refused() &&
                         std::any_of(decision.rulings.begin(), decision.rulings.end(), [&](const auto& one) {
                           return one.ruling == Ruling::kNoConsent && facts.asked.contains(one.section);
                         });
  if (!find_purpose(facts.purpose)) out += "; the purpose is none of HL7 PurposeOfUse";
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

}  // namespace edge
