// Whether the announcement of a new key, an entry `key.rotated`, is signed by those who must.
#pragma once

#include <optional>
#include <string>

#include "ledger-client/cli/trust.h"
#include "ledger-client/core/entry.h"

namespace ledger::cli {

// For people, and what programs read: "holds: …", "does not hold: …" or "not checked: …". Nothing for other
// entries and void ones. `trust` may be null.
std::optional<std::string> announcement_for_people(const Entry& entry, const std::string& origin,
                                                   const Trust* trust);

}  // namespace ledger::cli
