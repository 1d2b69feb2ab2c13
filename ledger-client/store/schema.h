// The tables of one log. `ledger_checkpoint` keeps the newest checkpoint and, as history, the last one of
// every 1,024 sizes: enough to narrow a damage down, without a signature to verify for each commit.
#pragma once

#include "ledger-client/store/sqlite.h"

namespace ledger {

// Component "ledger" of a database. A later version appends a step, never changes one.
sqlite::Migrations ledger_migrations();

inline constexpr unsigned kCheckpointBlockBits = 10;

// Complete subtrees of height 1 and more are rows of `ledger_node`; a leaf hash stands in its entry's row.
inline std::int64_t node_key(unsigned level, std::uint64_t index) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(level) << 48U | index);
}

}  // namespace ledger
