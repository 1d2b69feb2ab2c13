#include <sys/statvfs.h>

#include <algorithm>

#include "ledger-client/store/journal_state.h"

namespace ledger {
namespace {

using Job = JournalJob;

bool below_low_water(const std::filesystem::path& file, std::uint64_t min_free_bytes) {
  if (min_free_bytes == 0) return false;
  struct statvfs status {};
  if (::statvfs(file.c_str(), &status) != 0) return false;  // the write itself will tell
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize < min_free_bytes;
}

}  // namespace

// What is written to it would be lost with the process, and no write would fail.
const std::filesystem::path* Journal::State::moved_file() const {
  if (database.moved()) return &options.database;
  return guard.moved() ? &options.guard : nullptr;
}

// One commit. Every job of the batch is settled when it returns.
void Journal::State::commit(std::vector<Job>& batch) {
  const auto settle = [&](auto&& how) {
    for (auto& job : batch) {
      if (!job.settled) how(job);
    }
  };
  if (const auto* lost = in_doubt ? nullptr : moved_file()) {
    in_doubt = true;
    freeze(lost->filename().string() +
           " was moved, removed or replaced while it was in use; put it back and restart");
  }
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
  answer_rows(batch);
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
      prepare_answers(batch, sealed ? *sealed : newest);
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
      freeze(std::string("a commit is in doubt (") + error.what() +
             "); when the disk can be written again, a restart decides it");
      return false;
    }
  }
  answer_rows(batch);
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
  answer(batch);
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

void Journal::State::prepare_answers(std::vector<Job>& batch, const SealedCheckpoint& sealed) {
  const auto first_index = writer->size();
  for (auto& job : batch) {
    if (job.settled) continue;
    job.appended = {{}, sealed.checkpoint, sealed.note};
    for (std::size_t i = 0; i < job.entries.size(); ++i) {
      const auto line = job.first_line + i;
      job.appended.entries.push_back(
          {first_index + line, writer->staged_lines()[line], writer->inclusion(first_index + line)});
    }
    if (job.when_sealed && !job.entries.empty()) job.when_sealed(job.appended);
  }
}

// Rows alone are answered at the commit: no signature covers them, so they need no guard. What is committed
// can't be taken back: better no process than one that believes it was not.
void Journal::State::answer_rows(std::vector<Job>& batch) noexcept {
  for (auto& job : batch) {
    if (job.settled || !job.entries.empty()) continue;
    job.promise.set_value(Appended{{}, newest.checkpoint, newest.note});
    job.settled = true;
  }
}

void Journal::State::answer(std::vector<Job>& batch) {
  for (auto& job : batch) {
    if (job.settled) continue;
    job.promise.set_value(std::move(job.appended));
    job.settled = true;
  }
  writer->keep();
}

}  // namespace ledger
