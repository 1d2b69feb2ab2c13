// What the IPS 2.0.0 profiles ask beyond R4: completes a shaped resource (data-absent-reason where a
// mandatory element was not recorded) and refuses what can't conform. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/core/fhir/json_tree.h"

namespace edge::fhir {

// Why `resource` can't stand in a document; empty if it can. `notes` says what was completed. `has_patient`:
// its subject is a Patient.
std::string complete_for_ips(Node& resource, bool has_patient, std::vector<std::string>& notes);

}  // namespace edge::fhir
