// Bringing an own log back after an accident (ledger.md, Rollback): what is missing or damaged in the
// database comes from a verified replica that others kept. The guard decides what must not be missing.
//
// Order: one transaction cuts what is damaged, adds entries, nodes and the checkpoint over them; COMMIT; then
// the journal writes the guard anew. A crash between leaves a database that is ahead of its guard, as after
// an append.
#pragma once

#include <optional>

#include "ledger-client/core/note.h"
#include "ledger-client/core/result.h"
#include "ledger-client/store/guard.h"
#include "ledger-client/store/log_source.h"
#include "ledger-client/store/sqlite.h"

namespace ledger {

struct RestoredLog {
  std::uint64_t kept = 0;     // entries that stood and are untouched
  std::uint64_t fetched = 0;  // entries taken from the copy
};

// `key`: the log's own. Problem: what `guard`, or a signature here, remembers is in neither; or the two are
// different histories. Nothing was changed then. Throws sqlite::SqliteError.
Result<RestoredLog> restore_log(sqlite::Database& database, const NoteKey& key,
                                const std::optional<GuardRecord>& guard, const LogSource& copy);

}  // namespace ledger
