// The second half of the noun `federation`.
#pragma once

#include "agent/cli/commands.h"

namespace edge::cli {

// admin-key, approve, reject, publish
void add_federation_votes(CLI::App& noun, Common& common);

}  // namespace edge::cli
