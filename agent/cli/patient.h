// The patient on the command line: `system|value`, or `value`; `-` reads it from standard input, which keeps
// it out of the process list.
#pragma once

#include <string>

#include "agent/core/fhir/prepared.h"

namespace edge::cli {

// Throws Failure (usage) for an empty value, one over 1 KiB, or one with control characters; no message
// quotes it.
fhir::Identifier patient_argument(const std::string& argument);

}  // namespace edge::cli
