// The agent's own tables in agent.db, beside the journal's: request ids, audit rows, salts, transfers, own
// requests. One file, so that a disclosure and its ledger entry are one transaction (ledger.md, Durability).
// Nothing of a patient is in clear here: identifiers are salted commitments, or sealed to the agent's own age
// recipient.
#pragma once

#include <memory>
#include <mutex>

#include "ledger-client/core/time_text.h"
#include "ledger-client/store/journal.h"
#include "ledger-client/store/sqlite.h"

namespace edge {

// Creates or upgrades the agent's tables. Before the journal opens the same file.
void migrate_agent_tables(const std::filesystem::path& database);

// One read-only connection shared under a mutex: reads here are single rows, microseconds each.
class SharedReader {
 public:
  explicit SharedReader(const std::filesystem::path& database);
  template <class Read>
  auto with(Read&& read) {
    const std::lock_guard lock(mutex_);
    return read(database_);
  }

 private:
  std::mutex mutex_;
  ledger::sqlite::Database database_;
};

inline std::int64_t to_integer(ledger::TimePoint time) {
  return time.time_since_epoch().count();
}
inline ledger::TimePoint to_time(std::int64_t milliseconds) {
  return ledger::TimePoint(std::chrono::milliseconds(milliseconds));
}

}  // namespace edge
