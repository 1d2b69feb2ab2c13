// FHIR consents for tests: their parts, one around a provision, and what the reader makes of one.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "agent/core/fhir/consent_form.h"

namespace sample_consent {

nlohmann::json actor(const std::string& value, const std::string& system = "urn:ehr-agent:address");
nlohmann::json purpose(const std::string& code);
nlohmann::json section(const std::string& code);
nlohmann::json policy_rule(const std::string& code);
nlohmann::json consent(const nlohmann::json& provision);
edge::fhir::ConsentDocument read(const nlohmann::json& document);
std::string refused(const nlohmann::json& document);

}  // namespace sample_consent
