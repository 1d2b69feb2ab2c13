#include "agent/daemon/control/consent_effect.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/core/consent_standing.h"
#include "agent/daemon/control/consent_json.h"

namespace edge {

using nlohmann::json;

namespace {

constexpr std::size_t kMaxShown = 20;

bool has(const ConsentRow& row, Effect effect) {
  return std::any_of(row.rules.begin(), row.rules.end(),
                     [&](const ConsentRule& rule) { return rule.effect == effect; });
}

const ConsentRule& rule_of(const std::vector<Consent>& consents, const PermitStanding& permit) {
  const auto consent = std::find_if(consents.begin(), consents.end(),
                                    [&](const Consent& one) { return one.id == permit.consent; });
  return consent->rules.at(permit.rule);
}

json given_json(const ConsentRow& denial, const ConsentRule& rule, const PermitStanding& permit) {
  const bool exception = std::find(permit.exception_to.begin(), permit.exception_to.end(), denial.id) !=
                         permit.exception_to.end();
  json out = rule_json(rule);
  out.erase("effect");
  out["consent"] = permit.consent;
  out["because"] = exception ? "it is an exception to this denial" : "not all of it is denied";
  return out;
}

void add_still_given(json& out, const ConsentRow& row, const std::vector<Consent>& consents,
                     const std::vector<PermitStanding>& permits) {
  json given = json::array();
  std::size_t more = 0;
  for (const PermitStanding& permit : permits) {
    if (permit.consent == row.id || !permit.gives()) continue;
    if (given.size() == kMaxShown)
      ++more;
    else
      given.push_back(given_json(row, rule_of(consents, permit), permit));
  }
  out["still_given"] = std::move(given);
  if (more > 0) out["still_given_more"] = more;
}

void add_ids(json& out, const char* name, const std::vector<std::string>& ids, const std::string& own) {
  for (const std::string& id : ids)
    if (id != own &&
        (!out.contains(name) || std::find(out[name].begin(), out[name].end(), id) == out[name].end()))
      out[name].push_back(id);
}

}  // namespace

json effect_json(const ConsentRow& row, const std::vector<Consent>& consents, const PeerGroups& groups,
                 ledger::TimePoint now) {
  json out = json::object();
  const auto permits = standing_permits(consents, groups, now, !row.any_patient);
  if (has(row, Effect::kDeny)) add_still_given(out, row, consents, permits);
  for (const PermitStanding& permit : permits) {
    if (permit.consent != row.id) continue;
    add_ids(out, "denied_by", permit.denied_by, row.id);
    add_ids(out, "exception_to", permit.exception_to, row.id);
  }
  return out;
}

}  // namespace edge
