#include "agent/adapters/log_retirement.h"

#include <sodium.h>

#include <algorithm>
#include <array>

#include "agent/adapters/key_files.h"
#include "agent/adapters/ledger_answers.h"
#include "ledger-client/core/entry_rules.h"
#include "ledger-client/core/origin.h"
#include "ledger-client/store/guard.h"
#include "ledger-client/store/log_copy.h"
#include "ledger-client/store/log_reader.h"
#include "ledger-client/store/replica.h"
#include "ledger-client/store/verify.h"

namespace edge {

namespace {

constexpr std::uint64_t kBatchEntries = 1'000;
constexpr std::size_t kBatchBytes = 1U << 20U;
constexpr const char* kPending = "retired";  // agent_meta: the body of the entry that is still to be appended

// The part of the old log that is whole and signed, as a replica among the others.
void keep_copy(const ledger::LogReader& log, const ledger::NoteKey& key, const std::filesystem::path& file) {
  ledger::Replica copy(file, key.name);
  const auto keys = std::span(&key, 1);
  while (auto piece = ledger::read_range(log, copy.size(), kBatchEntries, kBatchBytes)) {
    if (piece->lines.empty()) return;
    const auto taken = copy.append(
        {copy.size(), std::move(piece->lines), std::move(piece->note), std::move(piece->consistency)}, keys);
    if (!taken) return;  // as far as it goes
  }
}

void set_ledger_meta(ledger::sqlite::Database& database, std::string_view key, const std::string& value) {
  ledger::sqlite::Statement update(database, "UPDATE ledger_meta SET value = ?2 WHERE key = ?1");
  update.bind(1, key).bind(2, value).run();
}

std::string fresh_database_id() {
  std::array<std::uint8_t, 16> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  return ledger::to_hex(bytes);
}

// Everything that names an entry of the old log by its index ends with it.
void empty_log(ledger::sqlite::Database& database, const std::string& new_origin, const std::string& id,
               const std::string& first_body) {
  ledger::sqlite::Transaction transaction(database);
  for (const char* table : {"ledger_entry", "ledger_node", "ledger_unique", "ledger_checkpoint"})
    database.exec(std::string("DELETE FROM ") + table);
  set_ledger_meta(database, "origin", new_origin);
  set_ledger_meta(database, "database_id", id);
  database.exec("UPDATE outbound SET state = 2, reason = 'its log was retired' WHERE state = 0");
  ledger::sqlite::Statement pending(database,
                                    "INSERT INTO agent_meta(key, value) VALUES(?1, ?2)"
                                    " ON CONFLICT(key) DO UPDATE SET value = ?2");
  pending.bind(1, std::string_view(kPending)).bind(2, first_body).run();
  transaction.commit();
}

std::string ledger_meta(ledger::sqlite::Database& database, std::string_view key) {
  ledger::sqlite::Statement select(database, "SELECT value FROM ledger_meta WHERE key = ?1");
  select.bind(1, key);
  return select.step() ? std::string(select.column_text(0)) : std::string();
}

}  // namespace

RetiredLog retire_log(const RetirementPlace& place, const std::string& reason) {
  ledger::Guard guard(place.guard);  // also keeps a running agent away
  const auto file = place.state_dir / "agent.db";
  ledger::sqlite::Database database(file, ledger::sqlite::Mode::kReadWrite);
  RetiredLog retired;
  retired.old_origin = ledger_meta(database, "origin");
  const auto old = ledger::parse_origin(retired.old_origin);
  if (!old || old->address != place.address)
    throw std::runtime_error("the database's log " + retired.old_origin + " is not this agent's");
  const auto remembered = guard.read();
  if (remembered && remembered->checkpoint.origin != retired.old_origin &&
      ledger::LogReader(file).size() == 0) {
    // Everything but the guard was written before a crash.
    guard.write({{retired.old_origin, 0, ledger::empty_root()}, ledger_meta(database, "database_id")});
    const LogKey next = std::move(load_log_keys(place.keys, place.address).front());
    return {remembered->checkpoint.origin,
            next.key.name,
            remembered->checkpoint.size,
            next.id,
            next.key.to_vkey(),
            replica_file(place.state_dir, remembered->checkpoint.origin)};
  }
  const auto known = load_log_keys(place.keys, place.address);
  const auto old_key = std::find_if(known.begin(), known.end(),
                                    [&](const LogKey& key) { return key.key.name == retired.old_origin; });
  if (old_key == known.end()) throw std::runtime_error("there is no key of the log " + retired.old_origin);
  // After a crash the new key may be there already.
  const LogKey next = known.front().key.name == retired.old_origin
                          ? add_log_key(place.keys, place.address, old->next().text())
                          : std::move(load_log_keys(place.keys, place.address).front());
  retired.new_origin = next.key.name;
  retired.key_id = next.id;
  retired.vkey = next.key.to_vkey();
  retired.copy = replica_file(place.state_dir, retired.old_origin);
  std::filesystem::create_directories(retired.copy.parent_path());
  keep_copy(ledger::LogReader(file), old_key->key, retired.copy);
  const ledger::Replica copy(retired.copy, retired.old_origin);
  retired.size = copy.size();
  const std::string body =
      ledger::encode_body(ledger::OriginRetired{retired.old_origin, retired.size, copy.root(), reason});
  const std::string id = fresh_database_id();
  empty_log(database, retired.new_origin, id, body);
  guard.write({{retired.new_origin, 0, ledger::empty_root()}, id});
  return retired;
}

void append_retirement(ledger::Journal& journal, const std::filesystem::path& database) {
  std::string body;
  {
    ledger::sqlite::Database reader(database, ledger::sqlite::Mode::kReadOnly);
    ledger::sqlite::Statement select(reader, "SELECT value FROM agent_meta WHERE key = ?1");
    select.bind(1, std::string_view(kPending));
    if (select.step()) body = select.column_text(0);
  }
  if (body.empty()) return;
  (void)journal.append({{std::string(ledger::entry_type::kOriginRetired), body, "origin.retired"}},
                       [](ledger::sqlite::Database& connection, std::uint64_t) {
                         connection.exec("DELETE FROM agent_meta WHERE key = 'retired'");
                       });
}

}  // namespace edge
