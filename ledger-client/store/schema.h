// The tables of one log. `ledger_checkpoint` keeps the newest checkpoint and, as history, the last one of
// every 1,024 sizes: enough to narrow a damage down, without a signature to verify for each commit.
#pragma once

#include "ledger-client/store/sqlite.h"

namespace ledger {

// Component "ledger" of a database. A later version appends a step, never changes one.
sqlite::Migrations ledger_migrations();
// Component "replica", beside "ledger" in a replica's database: what vouches for entries while their log is
// being caught up (`replica_vouch`), and the newest and the witnessed checkpoint (`replica_note`).
sqlite::Migrations replica_migrations();

inline constexpr unsigned kCheckpointBlockBits = 10;
// The first size of the block that `size` lies in: of a block the last row is kept.
inline std::int64_t checkpoint_block(std::uint64_t size) {
  return static_cast<std::int64_t>(size >> kCheckpointBlockBits << kCheckpointBlockBits);
}
// Stores the newest checkpoint. The caller has begun a transaction.
void store_checkpoint(sqlite::Database& database, std::uint64_t size, const std::string& note);

// Complete subtrees of height 1 and more are rows of `ledger_node`; a leaf hash stands in its entry's row.
inline std::int64_t node_key(unsigned level, std::uint64_t index) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(level) << 48U | index);
}

}  // namespace ledger
