// Inside of Journal: what it holds, and its parts. Opening stands in journal_open.cpp, one commit in
// journal_commit.cpp, whose turn it is in journal.cpp.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "ledger-client/store/guard.h"
#include "ledger-client/store/journal.h"
#include "ledger-client/store/log_writer.h"

namespace ledger {

// What one caller asks for.
struct JournalJob {
  JournalJob() = default;
  JournalJob(std::vector<NewEntry> what, InTransaction also, Work kind)
      : entries(std::move(what)), statements(std::move(also)), work(kind) {}

  std::vector<NewEntry> entries;
  InTransaction statements;
  Work work = Work::kNew;
  WhenSealed when_sealed;
  Appended appended;  // the answer, once sealed
  std::promise<Journal::Answer> promise;
  std::size_t first_line = 0;  // of the batch's lines, once staged
  bool settled = false;
  std::function<void()> alone;  // not an append: runs between two commits
  Journal::Then then;           // told when settled, after the turn

  void refuse(AppendError error) {
    promise.set_value(error);
    settled = true;
  }
  void fail(std::exception_ptr fault) {
    promise.set_exception(std::move(fault));
    settled = true;
  }
};

struct Journal::State {
  explicit State(JournalOptions given)
      : options(std::move(given)), guard(options.guard), database(options.database) {}

  // Opening.
  void start();
  void open_log();
  Result<RestoredLog> restore(const LogSource& copy, const NoteKey& key);

  // Whose turn it is.
  void run();
  void finish();
  void freeze(const std::string& why);
  void enqueue(JournalJob&& job);
  void linger(JournalJob&& job);
  bool take_turn(std::vector<JournalJob>& batch);
  void end_turn(std::vector<JournalJob>& batch);
  template <class Jobs>
  void take_lingering(Jobs& jobs);
  std::vector<JournalJob> next_batch();

  // One commit, by whoever has the turn.
  void commit(std::vector<JournalJob>& batch);
  const std::filesystem::path* moved_file() const;
  bool without_signature(std::vector<JournalJob>& batch);
  void run_statements(JournalJob& job);
  bool write(std::vector<JournalJob>& batch);
  void stage(std::vector<JournalJob>& batch);
  void stage_one(JournalJob& job, TimePoint now, bool room);
  void prepare_answers(std::vector<JournalJob>& batch, const SealedCheckpoint& sealed);
  void answer_rows(std::vector<JournalJob>& batch) noexcept;
  void answer(std::vector<JournalJob>& batch);

  JournalOptions options;
  Guard guard;  // first: its lock keeps a second journal away from the database
  sqlite::Database database;
  std::optional<LogWriter> writer;  // once the thread runs: whoever has the turn, as with the two above
  std::string database_id;
  bool in_doubt = false;  // what disk or memory hold is not certain: nothing at all is written any more

  mutable std::mutex mutex;  // what follows
  std::condition_variable arrived;
  std::deque<JournalJob> queue;
  std::deque<JournalJob> lingering;
  std::chrono::steady_clock::time_point linger_until{};  // of the oldest in `lingering`
  bool turn_taken = false;                               // somebody commits
  bool stopping = false;
  SealedCheckpoint newest;
  std::string frozen;
  bool held = false;
  bool clock_held = false;

  std::thread thread;
};

}  // namespace ledger
