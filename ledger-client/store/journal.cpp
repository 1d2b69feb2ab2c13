#include "ledger-client/store/journal.h"

#include <sys/statvfs.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <random>
#include <thread>

#include "ledger-client/store/continuity.h"
#include "ledger-client/store/log_writer.h"
#include "ledger-client/store/schema.h"

namespace ledger {
namespace {

using Answer = Result<Appended, AppendError>;

struct Job {
  Job() = default;
  Job(std::vector<NewEntry> what, InTransaction also, Work kind)
      : entries(std::move(what)), statements(std::move(also)), work(kind) {}

  std::vector<NewEntry> entries;
  InTransaction statements;
  Work work = Work::kNew;
  std::promise<Answer> promise;
  std::size_t first_line = 0;  // of the batch's lines, once staged
  bool settled = false;
  std::function<void()> alone;  // not an append: runs between two commits

  void refuse(AppendError error) {
    promise.set_value(error);
    settled = true;
  }
  void fail(std::exception_ptr fault) {
    promise.set_exception(std::move(fault));
    settled = true;
  }
};

std::string random_id() {
  std::random_device device;
  Bytes bytes;
  while (bytes.size() < 16) {
    const auto value = device();
    for (unsigned shift = 0; shift < 32; shift += 8)
      bytes.push_back(static_cast<std::uint8_t>(value >> shift));
  }
  return to_hex(bytes);
}

std::string meta(sqlite::Database& database, const char* key) {
  auto& select = database.cached("SELECT value FROM ledger_meta WHERE key = ?1");
  select.bind(1, std::string_view(key));
  std::string value = select.step() ? std::string(select.column_text(0)) : "";
  select.reset();
  return value;
}

void set_meta(sqlite::Database& database, const char* key, const std::string& value) {
  database.cached("INSERT INTO ledger_meta(key, value) VALUES(?1, ?2)")
      .bind(1, std::string_view(key))
      .bind(2, value)
      .run();
}

// The log's name and the database's own, made once.
void identify(sqlite::Database& database, const std::string& origin) {
  migrate(database, ledger_migrations());
  sqlite::Transaction transaction(database);
  const auto stored = meta(database, "origin");
  if (stored.empty()) {
    set_meta(database, "origin", origin);
    set_meta(database, "database_id", random_id());
    transaction.commit();
  } else if (stored != origin) {
    throw std::runtime_error("the database belongs to the log " + stored + ", not to " + origin);
  }
}

constexpr const char* kHowToRecover =
    "; `ehr-ledger verify` names the first bad entry, `ehr-agent ledger recover` fetches it from the other "
    "members";

bool below_low_water(const std::filesystem::path& file, std::uint64_t min_free_bytes) {
  if (min_free_bytes == 0) return false;
  struct statvfs status {};
  if (::statvfs(file.c_str(), &status) != 0) return false;  // the write itself will tell
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize < min_free_bytes;
}

}  // namespace

struct Journal::State {
  explicit State(JournalOptions given)
      : options(std::move(given)), guard(options.guard), database(options.database) {}

  void start();
  void run();
  void finish();
  void enqueue(Job&& job);
  bool take_turn();
  void end_turn();
  std::vector<Job> next_batch();
  void commit(std::vector<Job>& batch);
  bool write(std::vector<Job>& batch);
  void stage(std::vector<Job>& batch);
  void stage_one(Job& job, TimePoint now, bool room);
  void answer(std::vector<Job>& batch, std::uint64_t first_index);
  void freeze(const std::string& why);
  bool without_signature(std::vector<Job>& batch);
  void run_statements(Job& job);
  void open_log();
  Result<RestoredLog> restore(const LogSource& copy, const NoteKey& key);

  JournalOptions options;
  Guard guard;  // first: its lock keeps a second journal away from the database
  sqlite::Database database;
  std::optional<LogWriter> writer;  // once the thread runs: whoever has the turn, as with the two above
  std::string database_id;
  bool in_doubt = false;  // what disk or memory hold is not certain: nothing at all is written any more

  mutable std::mutex mutex;  // what follows
  std::condition_variable arrived;
  std::deque<Job> queue;
  bool turn_taken = false;  // somebody commits
  bool stopping = false;
  SealedCheckpoint newest;
  std::string frozen;
  bool held = false;
  bool clock_held = false;

  std::thread thread;
};

void Journal::State::freeze(const std::string& why) {
  const std::lock_guard lock(mutex);
  if (frozen.empty()) frozen = why;
}

// While there may be no signature, what needs one is refused and the rest is committed as it is. True if that
// settled the batch.
bool Journal::State::without_signature(std::vector<Job>& batch) {
  {
    const std::lock_guard lock(mutex);
    if (frozen.empty() && !held) return false;
  }
  for (auto& job : batch) {
    if (in_doubt || !job.entries.empty()) job.refuse(AppendError::kFrozen);
  }
  sqlite::Transaction transaction(database);
  for (auto& job : batch) {
    if (!job.settled) run_statements(job);
  }
  transaction.commit();
  for (auto& job : batch) {
    if (job.settled) continue;
    job.promise.set_value(Appended{{}, newest.checkpoint, newest.note});
    job.settled = true;
  }
  return true;
}

void Journal::State::run_statements(Job& job) {
  try {
    sqlite::Savepoint savepoint(database);
    if (job.statements) job.statements(database, newest.checkpoint.size);
    savepoint.release();
  } catch (const sqlite::SqliteError& error) {
    if (!database.in_transaction()) throw;  // SQLite has rolled the whole batch back
    error.disk_full() ? job.refuse(AppendError::kDiskFull) : job.fail(std::current_exception());
  } catch (...) {
    job.fail(std::current_exception());
  }
}

void Journal::State::start() {
  identify(database, options.origin);
  database_id = meta(database, "database_id");
  newest.checkpoint = {options.origin, 0, empty_root()};
  held = options.hold;
  open_log();
}

// Rebuilds what is kept in memory from the database, and judges whether it may be continued.
void Journal::State::open_log() {
  std::string why;
  std::optional<SealedCheckpoint> stored;
  try {
    writer.reset();
    writer.emplace(database, options.origin);
    const LogReader reader(database);
    auto note = reader.newest_checkpoint_note();
    if (!note && writer->size() == 0) {
      sqlite::Transaction transaction(database);
      note = writer->seal(options.sign).note;
      transaction.commit();
    }
    const auto parsed = parse_note(note.value_or(""));
    const auto checkpoint = parsed ? parse_checkpoint(parsed->text) : Result<Checkpoint>(Problem{});
    if (!checkpoint) throw UnreadableLog("its newest checkpoint is damaged");
    stored = SealedCheckpoint{*checkpoint, *note};
    const Continuity now{reader, database_id, *checkpoint, writer->size(), writer->root()};
    why = why_not_continue(now, guard.read());
    if (why.empty()) guard.write({*checkpoint, database_id});
  } catch (const std::out_of_range& damage) {
    why = std::string("the stored log is damaged: ") + damage.what() + kHowToRecover;
  } catch (const UnreadableLog& damage) {
    why = std::string("the stored log is damaged: ") + damage.what() + kHowToRecover;
  }
  const std::lock_guard lock(mutex);
  if (stored) newest = std::move(*stored);
  frozen = why;
}

Result<RestoredLog> Journal::State::restore(const LogSource& copy, const NoteKey& key) {
  auto restored = restore_log(database, key, guard.read(), copy);
  if (!restored) return restored;
  // What was restored is complete and signed: from now on it is what the guard remembers.
  const LogReader reader(database);
  const auto note = parse_note(reader.newest_checkpoint_note().value_or(""));
  const auto checkpoint = note ? parse_checkpoint(note->text) : Result<Checkpoint>(Problem{});
  if (!checkpoint) return Problem{"the restored log has no checkpoint"};
  guard.write({*checkpoint, database_id});
  open_log();
  const std::lock_guard lock(mutex);
  if (!frozen.empty()) return Problem{frozen};
  held = false;
  return restored;
}

void Journal::State::enqueue(Job&& job) {
  const std::lock_guard lock(mutex);
  queue.push_back(std::move(job));
  if (!turn_taken) arrived.notify_one();  // else whoever has the turn says so when it ends
}

// Nobody commits and nobody waits: the caller may commit at once, without the journal's thread. Who comes
// meanwhile waits in the queue, and what waits shares the thread's next commit.
bool Journal::State::take_turn() {
  const std::lock_guard lock(mutex);
  if (turn_taken || stopping || !queue.empty()) return false;
  turn_taken = true;
  return true;
}

void Journal::State::end_turn() {
  bool wanted = false;
  {
    const std::lock_guard lock(mutex);
    turn_taken = false;
    wanted = stopping || !queue.empty();
  }
  if (wanted) arrived.notify_one();
}

// Takes the turn with what waits. Empty when the journal stops and everything accepted is done.
std::vector<Job> Journal::State::next_batch() {
  std::unique_lock lock(mutex);
  arrived.wait(lock, [&] { return !turn_taken && (stopping || !queue.empty()); });
  if (queue.empty()) return {};
  auto count = std::min(queue.size(), std::max<std::size_t>(options.max_batch, 1));
  for (std::size_t i = 0; i < count; ++i) {
    if (queue[i].alone) count = std::max<std::size_t>(i, 1);
  }
  const auto end = queue.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<Job> batch(std::make_move_iterator(queue.begin()), std::make_move_iterator(end));
  queue.erase(queue.begin(), end);
  turn_taken = !batch.empty();
  return batch;
}

void Journal::State::run() {
  while (true) {
    auto batch = next_batch();
    if (batch.empty()) return;
    batch.front().alone ? batch.front().alone() : commit(batch);
    end_turn();
  }
}

// One commit. Every job of the batch is settled when it returns.
void Journal::State::commit(std::vector<Job>& batch) {
  const auto settle = [&](auto&& how) {
    for (auto& job : batch) {
      if (!job.settled) how(job);
    }
  };
  try {
    if (without_signature(batch) || write(batch)) return;
    settle([](Job& job) { job.refuse(AppendError::kFrozen); });
  } catch (const sqlite::SqliteError& error) {
    if (writer) writer->drop();
    const auto fault = std::current_exception();
    settle([&](Job& job) { error.disk_full() ? job.refuse(AppendError::kDiskFull) : job.fail(fault); });
  } catch (...) {
    if (writer) writer->drop();
    settle([fault = std::current_exception()](Job& job) { job.fail(fault); });
  }
}

// False if the journal froze; throws if nothing of the batch was committed.
bool Journal::State::write(std::vector<Job>& batch) {
  const auto first_index = writer->size();
  std::optional<SealedCheckpoint> sealed;
  {
    sqlite::Transaction transaction(database);
    stage(batch);
    if (std::all_of(batch.begin(), batch.end(), [](const Job& job) { return job.settled; })) return true;
    try {
      if (!writer->staged_lines().empty()) sealed = writer->seal(options.sign);
    } catch (const RootMismatch& damage) {
      in_doubt = true;
      freeze(damage.what());
      return false;
    }
    try {
      transaction.commit();
    } catch (const sqlite::SqliteError& error) {
      if (error.disk_full()) throw;  // the commit record could not be written
      in_doubt = true;
      freeze(std::string("a commit is in doubt (") + error.what() + "); a restart decides it");
      return false;
    }
  }
  if (sealed) {
    try {
      guard.write({sealed->checkpoint, database_id});
    } catch (const std::exception& error) {
      in_doubt = true;
      freeze(std::string("the guard file could not be written (") + error.what() +
             "); what was committed stays");
      return false;
    }
    // Known here before anybody can hear of it: what comes back over the broker must not seem to be news.
    {
      const std::lock_guard lock(mutex);
      newest = *sealed;
      clock_held = writer->clock_held();
    }
    if (options.on_signed) {
      options.on_signed({first_index, writer->frontier(), writer->staged_lines(), sealed->note});
    }
  }
  answer(batch, first_index);
  return true;
}

void Journal::State::stage(std::vector<Job>& batch) {
  const bool room = !below_low_water(options.database, options.min_free_bytes);
  const auto now = options.now();
  for (auto& job : batch) stage_one(job, now, room);
}

void Journal::State::stage_one(Job& job, TimePoint now, bool room) {
  if (!room && job.work == Work::kNew) return job.refuse(AppendError::kDiskFull);
  job.first_line = writer->staged_lines().size();
  try {
    if (const auto error = writer->stage(job.entries, job.statements, now)) job.refuse(*error);
  } catch (const sqlite::SqliteError& error) {
    if (!database.in_transaction()) throw;  // SQLite has rolled the whole batch back
    error.disk_full() ? job.refuse(AppendError::kDiskFull) : job.fail(std::current_exception());
  } catch (...) {
    job.fail(std::current_exception());
  }
  // Then nothing that was staged in this batch is left.
  if (!database.in_transaction()) {
    throw std::runtime_error("another append of the same commit ended its transaction");
  }
}

void Journal::State::answer(std::vector<Job>& batch, std::uint64_t first_index) {
  for (auto& job : batch) {
    if (job.settled) continue;
    Appended appended{{}, newest.checkpoint, newest.note};
    for (std::size_t i = 0; i < job.entries.size(); ++i) {
      const auto line = job.first_line + i;
      appended.entries.push_back(
          {first_index + line, writer->staged_lines()[line], writer->inclusion(first_index + line)});
    }
    job.promise.set_value(std::move(appended));
    job.settled = true;
  }
  writer->keep();
}

void Journal::State::finish() {
  {
    const std::lock_guard lock(mutex);
    stopping = true;
  }
  arrived.notify_all();
  if (thread.joinable()) thread.join();
}

Journal::Journal(JournalOptions options) : state_(std::make_unique<State>(std::move(options))) {
  state_->start();
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

Journal::~Journal() {
  state_->finish();
}

std::future<Answer> Journal::append_async(std::vector<NewEntry> entries, InTransaction statements,
                                          Work work) {
  Job job(std::move(entries), std::move(statements), work);
  auto future = job.promise.get_future();
  state_->enqueue(std::move(job));
  return future;
}

Answer Journal::append(std::vector<NewEntry> entries, InTransaction statements, Work work) {
  std::vector<Job> batch(1);
  batch.front() = Job(std::move(entries), std::move(statements), work);
  auto future = batch.front().promise.get_future();
  if (state_->take_turn()) {
    state_->commit(batch);
    state_->end_turn();
  } else {
    state_->enqueue(std::move(batch.front()));
  }
  return future.get();
}

Checkpoint Journal::checkpoint() const {
  const std::lock_guard lock(state_->mutex);
  return state_->newest.checkpoint;
}

std::string Journal::checkpoint_note() const {
  const std::lock_guard lock(state_->mutex);
  return state_->newest.note;
}

void Journal::release() {
  const std::lock_guard lock(state_->mutex);
  state_->held = false;
}

void Journal::freeze(const std::string& why) {
  state_->freeze(why);
}

Result<RestoredLog> Journal::recover(const LogSource& copy, const NoteKey& key) {
  std::promise<Result<RestoredLog>> promise;
  auto future = promise.get_future();
  Job job;
  job.alone = [&] {
    try {
      promise.set_value(state_->restore(copy, key));
    } catch (...) {
      promise.set_exception(std::current_exception());
    }
  };
  state_->enqueue(std::move(job));
  return future.get();
}

std::string Journal::frozen() const {
  const std::lock_guard lock(state_->mutex);
  return state_->frozen;
}

bool Journal::clock_held() const {
  const std::lock_guard lock(state_->mutex);
  return state_->clock_held;
}

std::string Journal::database_id() const {
  return state_->database_id;
}

}  // namespace ledger
