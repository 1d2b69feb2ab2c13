#include <random>

#include "ledger-client/store/continuity.h"
#include "ledger-client/store/journal_state.h"
#include "ledger-client/store/schema.h"

namespace ledger {
namespace {

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

}  // namespace

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

}  // namespace ledger
