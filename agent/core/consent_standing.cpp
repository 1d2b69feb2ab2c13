#include "agent/core/consent_standing.h"

#include <algorithm>

#include "agent/core/consent_reach.h"

namespace edge {

using consent_reach::is_exception;
using consent_reach::lies_within;
using consent_reach::Reach;
using consent_reach::Rule;
using consent_reach::rule_at;

namespace {

using Denials = std::map<std::optional<std::string>, std::vector<Rule>>;  // by patient

Denials denials_of(const std::vector<Consent>& consents, const PeerGroups& groups) {
  Denials out;
  for (const Consent& consent : consents)
    for (std::size_t i = 0; consent.active && i < consent.rules.size(); ++i)
      if (consent.rules[i].effect == Effect::kDeny)
        out[consent.patient].push_back(rule_at(consent, i, groups));
  return out;
}

const std::vector<Rule>& of(const Denials& denials, const std::optional<std::string>& patient) {
  static const std::vector<Rule> kNone;
  const auto found = denials.find(patient);
  return found == denials.end() ? kNone : found->second;
}

void add_once(std::vector<std::string>& ids, const std::string& id) {
  if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
}

// `left` is what of the permit matters: of the patient asked for, from now on.
void hold_against(const Rule& permit, const Reach& left, const std::vector<Rule>& denials,
                  PermitStanding& out) {
  for (const Rule& denial : denials) {
    if (is_exception(permit, denial))
      add_once(out.exception_to, denial.consent->id);
    else if (lies_within(left, denial.reach))
      add_once(out.denied_by, denial.consent->id);
  }
}

}  // namespace

std::vector<PermitStanding> standing_permits(const std::vector<Consent>& consents, const PeerGroups& groups,
                                             ledger::TimePoint now, bool of_one_patient) {
  const Denials denials = denials_of(consents, groups);
  std::vector<PermitStanding> out;
  for (const Consent& consent : consents) {
    for (std::size_t i = 0; consent.active && i < consent.rules.size(); ++i) {
      if (consent.rules[i].effect != Effect::kPermit) continue;
      const Rule permit = rule_at(consent, i, groups);
      Reach left = permit.reach;
      left.from = std::max(left.from, now);
      if (of_one_patient) left.any_patient = false;
      if (left.empty()) continue;
      PermitStanding standing{consent.id, i, {}, {}};
      if (of_one_patient) {
        for (const auto& [patient, rules] : denials) hold_against(permit, left, rules, standing);
      } else {
        hold_against(permit, left, of(denials, std::nullopt), standing);
        if (consent.patient) hold_against(permit, left, of(denials, consent.patient), standing);
      }
      out.push_back(std::move(standing));
    }
  }
  return out;
}

}  // namespace edge
