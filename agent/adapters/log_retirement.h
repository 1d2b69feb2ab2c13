// Retiring the own log, the last way out (ledger.md, Rollback): entries that were signed are nowhere, or two
// histories were signed. The next log has another origin and another key; its first entry names the old
// log's end.
//
// Order: the new key; a copy of the old log among the replicas, so that it stays readable; then one
// transaction that empties the log's tables and names the new origin; then the guard. Run again after a crash
// it goes on where it stood.
#pragma once

#include <filesystem>
#include <string>

#include "ledger-client/core/address.h"
#include "ledger-client/store/journal.h"

namespace edge {

struct RetirementPlace {
  std::filesystem::path state_dir, guard, keys;
  ledger::Address address;
};

struct RetiredLog {
  std::string old_origin, new_origin;
  std::uint64_t size = 0;  // of the old log, as far as it was whole
  std::string key_id, vkey;
  std::filesystem::path copy;
};

// Throws std::runtime_error, also while an agent runs (it holds the guard).
RetiredLog retire_log(const RetirementPlace& place, const std::string& reason);

// The first entry of a log that follows a retired one, if it has not been appended yet: the running agent
// does it.
void append_retirement(ledger::Journal& journal, const std::filesystem::path& database);

}  // namespace edge
