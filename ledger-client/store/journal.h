// The journal: the only writer of an agent's own log (ledger.md, Checkpoint and durability).
//
// Order of writes: one transaction inserts entries, nodes and whatever the caller adds, recomputes the root,
// signs, stores the checkpoint (WhenSealed); COMMIT; guard pwrite + fdatasync; then append() returns and
// on_signed publishes. What has statements only is answered at COMMIT. Appends that arrive while a commit
// runs share the next one (group commit): one transaction, one signature, one publish.
//
// Thread-safe: any thread may append. One thread at a time has the turn to commit: the appending one if
// nobody else commits or waits, otherwise an internal one with everything that waits. What is in no hurry
// lingers a moment and is taken along by the next commit, whoever makes it.
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <memory>

#include "ledger-client/core/checkpoint.h"
#include "ledger-client/core/merkle.h"
#include "ledger-client/core/proof.h"
#include "ledger-client/core/result.h"
#include "ledger-client/core/time_text.h"
#include "ledger-client/store/log_restore.h"
#include "ledger-client/store/new_entry.h"

namespace ledger {

struct AppendedEntry {
  std::uint64_t index = 0;
  std::string line;
  Proof inclusion;  // in the tree of `checkpoint`
};

struct Appended {
  std::vector<AppendedEntry> entries;
  Checkpoint checkpoint;
  std::string checkpoint_note;
};

// What was just signed, in order, for publication on the ledger topics. Called on the committing thread after
// the guard is durable; must only hand over (no waiting, no throwing).
struct SignedBatch {
  std::uint64_t first_index = 0;
  std::vector<Hash> frontier_before;  // compact range before first_index
  std::vector<std::string> lines;
  std::string checkpoint_note;
};

struct JournalOptions {
  std::filesystem::path database;  // agent.db
  std::filesystem::path guard;
  std::string origin;
  std::function<std::string(const std::string& checkpoint_text)>
      sign;  // the note's signature line; must not throw
  std::function<TimePoint()> now;
  std::function<void(const SignedBatch&)> on_signed;
  std::uint64_t min_free_bytes = 0;  // below this, Work::kNew is kDiskFull before anything is written
  std::size_t max_batch = 512;       // appends that share a commit
  // Nothing is signed before release(): others may remember more of this log than is here. Statements
  // without entries are committed meanwhile.
  bool hold = false;
  std::chrono::milliseconds linger{5};  // how long append_soon() waits for a commit to share
  // Told once, on the thread it happens on, when a journal that was opened well signs nothing more; why it
  // was opened frozen is in frozen(). Must only hand over.
  std::function<void(const std::string& why)> on_frozen;
};

// Below the low-water mark of free space new work is refused, while there is still room to finish what was
// begun.
enum class Work { kNew, kBegun };

// Told, on the committing thread, the place of an append's entries and the signature, in a transaction that
// is about to be committed, to prepare what depends on them. Void if append() fails; nothing of it may leave
// before that returns. Must be short and must not append; what it throws takes the append back.
using WhenSealed = std::function<void(const Appended&)>;

class Journal {
 public:
  using Answer = Result<Appended, AppendError>;

  // Opens and migrates the database, rebuilds the frontier from stored nodes, compares database, guard and
  // last checkpoint. Never signs a size the guard has already passed: frozen() then says what is missing.
  explicit Journal(JournalOptions options);
  ~Journal();  // finishes what was accepted, then stops
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Returns when signed. `entries` may be empty: only the statements are committed, nothing is signed.
  // Throws what the statements threw, sqlite::SqliteError, or std::invalid_argument for an entry that is too
  // large.
  Answer append(std::vector<NewEntry> entries, InTransaction statements = {}, Work work = Work::kNew,
                WhenSealed when_sealed = {});
  // The same without waiting; the future may hold what the statements threw.
  std::future<Answer> append_async(std::vector<NewEntry> entries, InTransaction statements = {},
                                   Work work = Work::kNew);

  // For what nobody waits for, and what is asked for again if it is lost: it may linger a moment to share
  // somebody's commit. `then` gets a future that is ready; it runs on the thread that committed, must be
  // short and must not throw or append.
  using Then = std::function<void(std::future<Answer>)>;
  void append_soon(std::vector<NewEntry> entries, InTransaction statements, Work work, Then then);

  // The newest signed checkpoint. Thread-safe.
  Checkpoint checkpoint() const;
  std::string checkpoint_note() const;
  // The comparison with what others remember is over (ledger.md, Rollback).
  void release();
  // Signs nothing from now on. The first reason stands.
  void freeze(const std::string& why);
  // Takes from `copy`, a verified replica of this very log, what is missing or damaged here, writes the guard
  // anew and signs again. Problem: what the guard or the signatures here remember is in neither, or the two
  // are different histories; nothing changed then. Waits for the journal's thread.
  Result<RestoredLog> recover(const LogSource& copy, const NoteKey& key);

  // Why nothing is signed any more; empty in good order. Statements without entries are still committed, as
  // long as it is certain what was committed before.
  std::string frozen() const;
  // True while entries get the time of the one before them, because the clock stands behind it.
  bool clock_held() const;
  std::string database_id() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ledger
