// Private to the decision over consents (consent.h): what a rule reaches, and which of two gives way.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "agent/core/consent.h"

namespace edge::consent_reach {

// What a rule reaches, with groups resolved and purposes down to the narrowest; nothing where it reaches all
// there is. So a permit and a denial of TREAT compare as equals, though only the denial applies to ETREAT.
struct Reach {
  bool any_patient = false;
  std::optional<std::set<ledger::Address>> actors;
  std::optional<std::set<std::string, std::less<>>> purposes;
  SectionSet sections;
  ledger::TimePoint from = ledger::TimePoint::min(), to = ledger::TimePoint::max();

  bool empty() const {
    return (actors && actors->empty()) || (purposes && purposes->empty()) || sections.empty() || to <= from;
  }
};

// A rule of a consent. `consent` must outlive it.
struct Rule {
  const Consent* consent = nullptr;
  std::size_t number = 0;  // 0 the first
  Effect effect = Effect::kDeny;
  Reach reach;
};

Rule rule_at(const Consent& consent, std::size_t number, const PeerGroups& groups);

// Precondition of both: two that name a patient name the same.
bool lies_within(const Reach& inner, const Reach& outer);
bool is_narrower(const Reach& a, const Reach& b);
// Whether the permit stands beside the denial, as an exception to it (consent.h, 3).
bool is_exception(const Rule& permit, const Rule& denial);

}  // namespace edge::consent_reach
