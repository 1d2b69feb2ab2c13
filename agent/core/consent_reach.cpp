#include "agent/core/consent_reach.h"

#include <algorithm>

#include "agent/core/purpose.h"

namespace edge::consent_reach {
namespace {

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

std::optional<std::set<std::string, std::less<>>> purposes_of(const ConsentRule& rule) {
  if (rule.purposes.empty()) return std::nullopt;
  std::set<std::string, std::less<>> purposes;
  for (const std::string& name : rule.purposes) {
    if (!find_purpose(name) && rule.effect == Effect::kDeny) return std::nullopt;
    for (const Purpose& one : edge::purposes())
      if (is_within(one.code, name)) purposes.emplace(one.code);
  }
  return purposes;
}

template <class Set>
bool within(const std::optional<Set>& inner, const std::optional<Set>& outer) {
  if (!outer) return true;
  return inner && std::includes(outer->begin(), outer->end(), inner->begin(), inner->end());
}

}  // namespace

Rule rule_at(const Consent& consent, std::size_t number, const PeerGroups& groups) {
  const ConsentRule& rule = consent.rules.at(number);
  Reach reach{!consent.patient, actors_of(rule, groups), purposes_of(rule), rule.sections, {}, {}};
  reach.from = rule.from.value_or(ledger::TimePoint::min());
  reach.to = rule.to.value_or(ledger::TimePoint::max());
  return {&consent, number, rule.effect, std::move(reach)};
}

bool lies_within(const Reach& inner, const Reach& outer) {
  return (outer.any_patient || !inner.any_patient) && within(inner.actors, outer.actors) &&
         within(inner.purposes, outer.purposes) && outer.sections.contains(inner.sections) &&
         outer.from <= inner.from && inner.to <= outer.to;
}

bool is_narrower(const Reach& a, const Reach& b) {
  return lies_within(a, b) && !lies_within(b, a);
}

bool is_exception(const Rule& permit, const Rule& denial) {
  if (!is_narrower(permit.reach, denial.reach)) return false;
  const auto& given = permit.consent->place;
  const auto& denied = denial.consent->place;
  return permit.consent == denial.consent || permit.reach.any_patient != denial.reach.any_patient ||
         (given && denied && *given > *denied);
}

}  // namespace edge::consent_reach
