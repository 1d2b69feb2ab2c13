#include "ledger-client/store/log_reader.h"

#include "ledger-client/store/kept_note.h"
#include "ledger-client/store/schema.h"
#include "ledger-client/store/witnessed_beside.h"

namespace ledger {
namespace {

Hash to_hash(ByteView blob, unsigned level, std::uint64_t index) {
  if (const auto hash = hash_from_bytes(blob)) return *hash;
  throw std::out_of_range("node " + std::to_string(level) + "/" + std::to_string(index) + " is not a hash");
}

class TableCursor final : public NodeCursor {
 public:
  TableCursor(sqlite::Database& database, unsigned level)
      : statement_(database, "SELECT key, hash FROM ledger_node WHERE key >= ?1 AND key < ?2 ORDER BY key"),
        level_(level) {
    statement_.bind(1, node_key(level, 0)).bind(2, node_key(level + 1, 0));
  }

  std::optional<std::pair<std::uint64_t, Hash>> next() override {
    if (!statement_.step()) return std::nullopt;
    const auto index = static_cast<std::uint64_t>(statement_.column_int(0) - node_key(level_, 0));
    return std::pair(index, to_hash(statement_.column_blob(1), level_, index));
  }

 private:
  sqlite::Statement statement_;
  unsigned level_;
};

std::unique_ptr<sqlite::Database> open(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) throw UnreadableLog("there is no database " + file.string());
  try {
    auto database = std::make_unique<sqlite::Database>(file, sqlite::Mode::kReadOnly);
    sqlite::Statement tables(*database, "SELECT count(*) FROM sqlite_master WHERE name = 'ledger_entry'");
    tables.step();
    if (tables.column_int(0) == 0) throw UnreadableLog("the database " + file.string() + " holds no ledger");
    return database;
  } catch (const sqlite::SqliteError& error) {
    if (error.damaged()) throw DamagedLog("cannot read " + file.string() + ": it is damaged");
    throw UnreadableLog("cannot read " + file.string() + ": " + error.what());
  }
}

}  // namespace

struct LogReader::State {
  std::unique_ptr<sqlite::Database> own;
  std::filesystem::path file;  // of `own`
  sqlite::Database* database = nullptr;

  sqlite::Statement& cached(const char* sql) const { return database->cached(sql); }

  // A replica's own tables are there.
  bool is_replica() const {
    sqlite::Statement table(*database, "SELECT 1 FROM sqlite_master WHERE name = 'replica_vouch'");
    return table.step();
  }
};

LogReader::LogReader(const std::filesystem::path& database) : state_(std::make_unique<State>()) {
  state_->own = open(database);
  state_->file = database;
  state_->database = state_->own.get();
  state_->own->exec("BEGIN");
}

LogReader::LogReader(sqlite::Database& database) : state_(std::make_unique<State>()) {
  state_->database = &database;
}

LogReader::~LogReader() = default;

void LogReader::refresh() {
  if (state_->own) state_->own->exec("COMMIT; BEGIN");
}

std::string LogReader::origin() const {
  auto& select = state_->cached("SELECT value FROM ledger_meta WHERE key = 'origin'");
  std::string origin = select.step() ? std::string(select.column_text(0)) : "";
  select.reset();
  return origin;
}

std::uint64_t LogReader::size() const {
  auto& select = state_->cached("SELECT coalesce(max(idx) + 1, 0) FROM ledger_entry");
  const auto size = select.step() ? static_cast<std::uint64_t>(select.column_int(0)) : 0;
  select.reset();
  return size;
}

std::optional<std::string> LogReader::line(std::uint64_t index) const {
  auto& select = state_->cached("SELECT line FROM ledger_entry WHERE idx = ?1");
  select.bind(1, static_cast<std::int64_t>(index));
  if (!select.step()) return std::nullopt;
  std::string line(select.column_text(0));
  select.reset();
  return line;
}

std::optional<std::string> LogReader::newest_checkpoint_note() const {
  auto& select = state_->cached("SELECT note FROM ledger_checkpoint ORDER BY size DESC LIMIT 1");
  if (!select.step()) return std::nullopt;
  std::string note(select.column_text(0));
  select.reset();
  return note;
}

std::vector<StoredCheckpoint> LogReader::checkpoints() const {
  std::vector<StoredCheckpoint> all;
  auto& select = state_->cached("SELECT size, note FROM ledger_checkpoint ORDER BY size");
  while (select.step()) {
    all.push_back({static_cast<std::uint64_t>(select.column_int(0)), std::string(select.column_text(1))});
  }
  return all;
}

// What stands beside is of another moment than this database: it counts only where it is about the same tree.
std::optional<std::string> LogReader::witnessed_beside() const {
  if (state_->file.empty()) return std::nullopt;
  auto note = read_own_witnessed(state_->file, origin());
  const auto tree = note ? checkpoint_of(*note) : std::nullopt;
  if (!tree || tree->origin != origin() || tree->size > size()) return std::nullopt;
  try {
    const auto read = [this](unsigned level, std::uint64_t index) { return node(level, index); };
    if (root_from_nodes(tree->size, read) != tree->root) return std::nullopt;
  } catch (const std::out_of_range&) {
    return std::nullopt;
  }
  return note;
}

std::optional<std::string> LogReader::witnessed_note() const {
  if (!state_->is_replica()) return witnessed_beside();
  auto& select = state_->cached("SELECT note FROM replica_note WHERE kind = 'witnessed'");
  if (!select.step()) return std::nullopt;
  std::string note(select.column_text(0));
  select.reset();
  return note;
}

std::optional<Vouch> LogReader::vouch() const {
  if (!state_->is_replica()) return std::nullopt;  // a journal signs all it holds
  auto& select = state_->cached(
      "SELECT size, note, proof FROM replica_vouch WHERE size = (SELECT max(idx) + 1 FROM ledger_entry)"
      " AND size > (SELECT coalesce(max(size), 0) FROM ledger_checkpoint)");
  if (!select.step()) return std::nullopt;
  Vouch vouch{static_cast<std::uint64_t>(select.column_int(0)), std::string(select.column_text(1)), {}};
  for (auto proof = select.column_blob(2); proof.size() >= sizeof(Hash);
       proof = proof.subspan(sizeof(Hash))) {
    vouch.consistency.push_back(*hash_from_bytes(proof.first(sizeof(Hash))));
  }
  select.reset();
  return vouch;
}

Hash LogReader::node(unsigned level, std::uint64_t index) const {
  auto& select = level == 0 ? state_->cached("SELECT leaf FROM ledger_entry WHERE idx = ?1")
                            : state_->cached("SELECT hash FROM ledger_node WHERE key = ?1");
  select.bind(1, level == 0 ? static_cast<std::int64_t>(index) : node_key(level, index));
  if (!select.step()) {
    throw std::out_of_range("node " + std::to_string(level) + "/" + std::to_string(index) + " is not stored");
  }
  const Hash hash = to_hash(select.column_blob(0), level, index);
  select.reset();
  return hash;
}

std::unique_ptr<NodeCursor> LogReader::nodes(unsigned level) const {
  return std::make_unique<TableCursor>(*state_->database, level);
}

void LogReader::for_each_entry(std::uint64_t from, std::uint64_t to,
                               const std::function<bool(const StoredEntry&)>& take) const {
  sqlite::Statement select(
      *state_->database,
      "SELECT idx, leaf, line FROM ledger_entry WHERE idx >= ?1 AND idx < ?2 ORDER BY idx");
  select.bind(1, static_cast<std::int64_t>(from)).bind(2, static_cast<std::int64_t>(to));
  while (select.step()) {
    const auto index = static_cast<std::uint64_t>(select.column_int(0));
    // A leaf hash of another length is damage: it compares unequal to the line's.
    const StoredEntry entry{index, select.column_text(2),
                            hash_from_bytes(select.column_blob(1)).value_or(Hash{})};
    if (!take(entry)) return;
  }
}

void LogReader::for_each(std::uint64_t from, std::uint64_t to,
                         const std::function<bool(std::uint64_t, std::string_view)>& take) const {
  for_each_entry(from, to, [&](const StoredEntry& entry) { return take(entry.index, entry.line); });
}

}  // namespace ledger
