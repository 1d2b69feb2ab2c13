#include "agent/adapters/witness_store.h"

#include <array>

#include "ledger-client/store/witnessed_beside.h"

namespace edge {

namespace {

// Never changed after a release; a change is a further step.
constexpr const char* kFirst = R"sql(
  CREATE TABLE witnessed_tree(origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL,
    note TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE convicted_log(origin TEXT PRIMARY KEY, witnessed_size INTEGER NOT NULL, proof TEXT NOT NULL)
    STRICT, WITHOUT ROWID;
  CREATE TABLE network_meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
)sql";

// Where other members' logs ended keys, and how far each log was read for that.
constexpr const char* kKeyEnds = R"sql(
  CREATE TABLE key_end(origin TEXT NOT NULL, key TEXT NOT NULL, idx INTEGER NOT NULL, revoked INTEGER NOT NULL,
    suspect_from INTEGER, PRIMARY KEY(origin, key)) STRICT, WITHOUT ROWID;
  CREATE TABLE key_end_read(origin TEXT PRIMARY KEY, size INTEGER NOT NULL) STRICT, WITHOUT ROWID;
)sql";

constexpr std::array kSteps{kFirst, kKeyEnds};

const std::string kRecordedHour = "hour ";
const std::string kToAnchor = "to anchor ";

}  // namespace

WitnessStore::WitnessStore(const std::filesystem::path& database) : database_(database) {
  ledger::sqlite::migrate(database_, {"network", kSteps});
}

std::optional<ledger::WitnessRecord> WitnessStore::record(const std::string& origin) {
  auto& select = database_.cached("SELECT size, root FROM witnessed_tree WHERE origin = ?1");
  select.bind(1, origin);
  if (!select.step()) return std::nullopt;
  ledger::WitnessRecord record{static_cast<std::uint64_t>(select.column_int(0)), {}};
  const auto root = ledger::hash_from_bytes(select.column_blob(1));
  select.reset();
  if (!root) throw std::runtime_error("network.db: the tree cosigned of " + origin + " is damaged");
  record.root = *root;
  return record;
}

std::vector<WitnessedTree> WitnessStore::store(std::vector<WitnessedTree> trees) {
  std::vector<WitnessedTree> may_sign;
  ledger::sqlite::Transaction transaction(database_);
  for (auto& tree : trees) {
    const auto& checkpoint = tree.checkpoint;
    const auto known = record(checkpoint.origin);
    if (known && checkpoint.size < known->size) continue;
    if (known && checkpoint.size == known->size && checkpoint.root != known->root) continue;
    database_
        .cached(
            "INSERT INTO witnessed_tree(origin, size, root, note) VALUES(?1, ?2, ?3, ?4)"
            " ON CONFLICT(origin) DO UPDATE SET size = ?2, root = ?3, note = ?4")
        .bind(1, checkpoint.origin)
        .bind(2, static_cast<std::int64_t>(checkpoint.size))
        .bind(3, ledger::ByteView(checkpoint.root))
        .bind(4, tree.note)
        .run();
    may_sign.push_back(std::move(tree));
  }
  transaction.commit();
  return may_sign;
}

std::string WitnessStore::meta(const std::string& key) {
  auto& select = database_.cached("SELECT value FROM network_meta WHERE key = ?1");
  select.bind(1, key);
  std::string value = select.step() ? std::string(select.column_text(0)) : "";
  select.reset();
  return value;
}

void WitnessStore::set_meta(const std::string& key, const std::string& value) {
  database_
      .cached("INSERT INTO network_meta(key, value) VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET value = ?2")
      .bind(1, key)
      .bind(2, value)
      .run();
}

std::string WitnessStore::own_witnessed(const std::string& origin) {
  return meta(ledger::own_witnessed_key(origin));
}
void WitnessStore::set_own_witnessed(const std::string& origin, const std::string& note) {
  set_meta(ledger::own_witnessed_key(origin), note);
}

void WitnessStore::convict(const ConvictedLog& log) {
  database_.cached("INSERT OR IGNORE INTO convicted_log(origin, witnessed_size, proof) VALUES(?1, ?2, ?3)")
      .bind(1, log.origin)
      .bind(2, static_cast<std::int64_t>(log.witnessed_size))
      .bind(3, log.proof)
      .run();
}

std::vector<ConvictedLog> WitnessStore::convicted() {
  std::vector<ConvictedLog> logs;
  auto& select = database_.cached("SELECT origin, proof, witnessed_size FROM convicted_log ORDER BY origin");
  while (select.step()) {
    logs.push_back({std::string(select.column_text(0)), std::string(select.column_text(1)),
                    static_cast<std::uint64_t>(select.column_int(2))});
  }
  return logs;
}

void WitnessStore::set_to_anchor(const std::string& origin, bool to_anchor) {
  if (to_anchor) return set_meta(kToAnchor + origin, "1");
  database_.cached("DELETE FROM network_meta WHERE key = ?1").bind(1, kToAnchor + origin).run();
}
std::vector<ConvictedLog> WitnessStore::to_anchor() {
  auto logs = convicted();
  std::erase_if(logs, [this](const ConvictedLog& log) { return meta(kToAnchor + log.origin).empty(); });
  return logs;
}

ReadKeyEnds WitnessStore::key_ends(const std::string& origin) {
  ReadKeyEnds read{0, ledger::KeyEnds(origin)};
  auto& size = database_.cached("SELECT size FROM key_end_read WHERE origin = ?1");
  size.bind(1, origin);
  if (size.step()) read.size = static_cast<std::uint64_t>(size.column_int(0));
  size.reset();
  auto& ends =
      database_.cached("SELECT key, idx, revoked, coalesce(suspect_from, -1) FROM key_end WHERE origin = ?1");
  ends.bind(1, origin);
  while (ends.step()) {
    ledger::KeyEnd end{static_cast<std::uint64_t>(ends.column_int(1)), ends.column_int(2) != 0, std::nullopt};
    if (ends.column_int(3) >= 0) end.suspect_from = static_cast<std::uint64_t>(ends.column_int(3));
    read.ends.put(std::string(ends.column_text(0)), end);
  }
  ends.reset();
  return read;
}

void WitnessStore::set_key_ends(const ReadKeyEnds& read) {
  ledger::sqlite::Transaction transaction(database_);
  database_
      .cached(
          "INSERT INTO key_end_read(origin, size) VALUES(?1, ?2) ON CONFLICT(origin) DO UPDATE SET size = ?2")
      .bind(1, read.ends.origin())
      .bind(2, static_cast<std::int64_t>(read.size))
      .run();
  for (const auto& [key, end] : read.ends.all()) {
    auto& insert = database_.cached(
        "INSERT OR REPLACE INTO key_end(origin, key, idx, revoked, suspect_from) VALUES(?1, ?2, ?3, ?4, ?5)");
    insert.bind(1, read.ends.origin()).bind(2, key).bind(3, static_cast<std::int64_t>(end.index));
    insert.bind(4, std::int64_t{end.revoked});
    if (end.suspect_from)
      insert.bind(5, static_cast<std::int64_t>(*end.suspect_from));
    else
      insert.bind(5, std::nullopt);
    insert.run();
  }
  transaction.commit();
}

std::string WitnessStore::recorded_hour(const std::string& origin) {
  return meta(kRecordedHour + origin);
}
void WitnessStore::set_recorded_hour(const std::string& origin, const std::string& hour) {
  set_meta(kRecordedHour + origin, hour);
}

}  // namespace edge
