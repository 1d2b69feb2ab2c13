// What is handed on of a stored log: ranges of entries with the proof that leads from their end to a signed
// checkpoint, and consistency between any two sizes. Reads nodes, never more than the range's own entries.
// Nothing is verified here: whoever takes it does (Replica::append).
#pragma once

#include "ledger-client/core/merkle.h"
#include "ledger-client/core/proof.h"
#include "ledger-client/store/log_source.h"

namespace ledger {

// One answer to `ledger-range` holds no more.
inline constexpr std::size_t kMaxRangeEntries = 1000;
inline constexpr std::size_t kMaxRangeBytes = 1024 * 1024;

struct RangePiece {
  std::vector<std::string> lines;
  Proof consistency;  // from the range's end to the checkpoint's size; empty where they are equal
  std::string note;   // the newest checkpoint that covers the range's end
};

// Entries from `from` on: as many as fit in `max_count` and `max_bytes` (LFs counted), at least one, none at
// the log's end. Nothing if `from` lies behind what a stored checkpoint vouches for. Throws
// std::out_of_range, UnreadableLog or sqlite::SqliteError where the log is damaged.
std::optional<RangePiece> read_range(const LogSource& source, std::uint64_t from,
                                     std::size_t max_count = kMaxRangeEntries,
                                     std::size_t max_bytes = kMaxRangeBytes);

// Empty for equal sizes and from 0, as everywhere. Precondition: old_size <= size <= source.size().
Proof consistency_between(const LogSource& source, std::uint64_t old_size, std::uint64_t size);
Hash root_at(const LogSource& source, std::uint64_t size);
Frontier frontier_at(const LogSource& source, std::uint64_t size);

}  // namespace ledger
