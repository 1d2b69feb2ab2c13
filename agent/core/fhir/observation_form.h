// Observations against the IPS profiles of results, social history and pregnancy, and R4's vital signs
// profile. Pure.
#pragma once

#include <string>
#include <vector>

#include "agent/core/fhir/json_tree.h"
#include "agent/core/fhir/prepared.h"

namespace edge::fhir {

// The section an Observation belongs to, by its code and categories.
Section observation_section(const Node& observation);

// As complete_for_ips.
std::string complete_observation(Node& observation, std::vector<std::string>& notes);

// {"coding":[{data-absent-reason, unknown}]}: a code nobody recorded.
Node unknown_concept();

}  // namespace edge::fhir
