// Consents as the control socket's JSON: what calls say and what results show. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "agent/adapters/consent_store.h"

namespace edge {

// A call that can't be served; becomes an 'E' frame.
struct CallError {
  std::string code, error, hint;
};
// The hint where no peer is to blame.
inline constexpr const char* kFaultHere =
    "the fault is on this side: `ehr-agent status` and the agent's log say more";

nlohmann::json row_json(const ConsentRow& row);
nlohmann::json rule_json(const ConsentRule& rule);
nlohmann::json sections_json(SectionSet sections);

// Members of a call. Throw CallError.
ledger::TimePoint time_of(const nlohmann::json& call, const char* name);
SectionSet sections_of(const nlohmann::json& names);
ledger::Address address_of(const std::string& text);
// That each purpose is one of HL7's: a misspelt one would deny all, or permit nothing, unnoticed.
void check_purposes(const std::vector<ConsentRule>& rules);
void check_purpose(const std::string& purpose);
// `deny`, `peers`, `groups`, `purposes`, `sections`, `from`, `to`.
ConsentRule rule_of(const nlohmann::json& call);

}  // namespace edge
