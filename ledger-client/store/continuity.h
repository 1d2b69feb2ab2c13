// May this database be continued? Compares what is stored, the last checkpoint and the guard (ledger.md,
// Rollback).
#pragma once

#include "ledger-client/store/guard.h"
#include "ledger-client/store/log_reader.h"

namespace ledger {

// Why nothing may be signed on top of this database, as a sentence for the operator; empty in good order.
// `last` is the stored checkpoint, `root` and `size` are the tree as rebuilt from stored nodes.
struct Continuity {
  const LogReader& reader;
  const std::string& database_id;
  const Checkpoint& last;
  std::uint64_t size = 0;
  Hash root{};
};
std::string why_not_continue(const Continuity& now, const std::optional<GuardRecord>& guard);

}  // namespace ledger
