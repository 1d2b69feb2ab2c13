// Which entries of one log may not occur twice: those of one request are unique by type, peer and request id
// (ledger.md, Checkpoint and durability). Pure and thread-safe.
#pragma once

#include "ledger-client/core/entry.h"

namespace ledger {

// "<peer> <request>", or what else makes an entry of its type unique; empty for types without such a rule,
// and for bodies that lack the fields.
std::string unique_key(const Entry& entry);

}  // namespace ledger
