// Consents as the control socket's JSON: what calls say and what results show. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "agent/adapters/consent_store.h"
#include "agent/daemon/control/call.h"

namespace edge {

nlohmann::json row_json(const ConsentRow& row);
nlohmann::json rule_json(const ConsentRule& rule);
nlohmann::json sections_json(SectionSet sections);

// Throw CallError.
// That each purpose is one of HL7's: a misspelt one would deny all, or permit nothing, unnoticed.
void check_purposes(const std::vector<ConsentRule>& rules);
void check_purpose(const std::string& purpose);
// `deny`, `peers`, `groups`, `purposes`, `sections`, `from`, `to`.
ConsentRule rule_of(const nlohmann::json& call);

}  // namespace edge
