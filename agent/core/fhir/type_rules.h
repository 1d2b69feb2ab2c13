// FHIR's invariants of data types and backbone elements. Data of other systems break them now and then; what
// can be put right without changing the meaning is, the rest is left out. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/core/fhir/json_tree.h"

namespace edge::fhir {

// Puts `value` of data type or backbone `type` right, or empties it if it can't stand; `notes` says what was
// done.
void keep_invariants(std::string_view type, Node& value, std::vector<std::string>& notes);

}  // namespace edge::fhir
