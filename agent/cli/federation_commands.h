// The commands of the noun `federation` that stand in files of their own.
#pragma once

#include "agent/cli/commands.h"

namespace edge::cli {

// init, propose
void add_federation_drafts(CLI::App& noun, Common& common);
// admin-key, approve, reject, publish
void add_federation_votes(CLI::App& noun, Common& common);

}  // namespace edge::cli
