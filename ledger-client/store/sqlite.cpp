#include "ledger-client/store/sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <unordered_map>

namespace ledger::sqlite {
namespace {

constexpr int kBusyTimeoutMs = 5000;

// The cause lies below SQLite: no room on the device, in the quota, or below the process's own file size
// limit.
bool is_out_of_space(int primary, int system_errno) {
  if (primary == SQLITE_FULL) return true;
  return primary == SQLITE_IOERR &&
         (system_errno == ENOSPC || system_errno == EDQUOT || system_errno == EFBIG);
}

[[noreturn]] void fail(sqlite3* connection, int code, const char* doing, int system_errno = 0) {
  const int primary = code & 0xff;
  if (system_errno == 0 && connection != nullptr) system_errno = sqlite3_system_errno(connection);
  std::string what = std::string("database: ") + doing + ": " + sqlite3_errstr(code);
  // A constraint's message names tables and columns, a syntax error quotes our own SQL: neither holds a bound
  // value.
  if (connection != nullptr) what += std::string(" (") + sqlite3_errmsg(connection) + ")";
  // Else a disk that turned read-only is told as one that breaks.
  if (system_errno != 0 && (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN))
    what += ": " + std::generic_category().message(system_errno);
  throw SqliteError(primary, what, is_out_of_space(primary, system_errno));
}

// SQLite would create the file with the process's umask; its WAL and shared memory take the mode of the file.
void create_private_file(const std::filesystem::path& file) {
  // It makes both beside the file, and says of a folder that does not let it neither which nor why.
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  if (std::filesystem::exists(file) && ::faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
    throw std::system_error(
        errno, std::generic_category(),
        "cannot make files in " + folder.string() + " beside " + file.filename().string());
  }
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0)
    throw std::system_error(errno, std::generic_category(), "cannot create " + file.string());
  ::close(descriptor);
}

}  // namespace

bool SqliteError::damaged() const {
  return code_ == SQLITE_CORRUPT || code_ == SQLITE_NOTADB;
}

struct Database::State {
  sqlite3* connection = nullptr;
  std::unordered_map<std::string_view, Statement> cached;  // by SQL text, which outlives us

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    cached.clear();
    sqlite3_close_v2(connection);
  }
};

struct Statement::State {
  sqlite3* connection = nullptr;
  sqlite3_stmt* statement = nullptr;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { sqlite3_finalize(statement); }

  void check(int code, const char* doing) const {
    if (code != SQLITE_OK) fail(connection, code, doing);
  }
};

Statement::Statement(Database& database, std::string_view sql) : state_(std::make_unique<State>()) {
  state_->connection = database.state_->connection;
  const int code = sqlite3_prepare_v3(state_->connection, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &state_->statement, nullptr);
  state_->check(code, "prepare");
}

Statement::~Statement() = default;
Statement::Statement(Statement&&) noexcept = default;
Statement& Statement::operator=(Statement&&) noexcept = default;

Statement& Statement::bind(int parameter, std::int64_t value) {
  state_->check(sqlite3_bind_int64(state_->statement, parameter, value), "bind");
  return *this;
}

Statement& Statement::bind(int parameter, std::string_view text) {
  // A null pointer would bind NULL, and an empty view may hold one.
  const char* data = text.data() != nullptr ? text.data() : "";
  state_->check(
      sqlite3_bind_text64(state_->statement, parameter, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8),
      "bind");
  return *this;
}

Statement& Statement::bind(int parameter, ByteView blob) {
  const int code = blob.empty() ? sqlite3_bind_zeroblob(state_->statement, parameter, 0)
                                : sqlite3_bind_blob64(state_->statement, parameter, blob.data(), blob.size(),
                                                      SQLITE_TRANSIENT);
  state_->check(code, "bind");
  return *this;
}

Statement& Statement::bind(int parameter, std::nullopt_t) {
  state_->check(sqlite3_bind_null(state_->statement, parameter), "bind");
  return *this;
}

bool Statement::step() {
  errno = 0;  // SQLite does not keep the cause of a COMMIT that failed
  const int code = sqlite3_step(state_->statement);
  const int cause = errno;
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(state_->statement);
    return false;
  }
  try {
    fail(state_->connection, code, "step", cause);
  } catch (...) {
    sqlite3_reset(state_->statement);  // after the message was read
    throw;
  }
}

void Statement::run() {
  step();
  sqlite3_reset(state_->statement);
}

void Statement::reset() {
  sqlite3_reset(state_->statement);
}

void Statement::clear() {
  sqlite3_reset(state_->statement);
  sqlite3_clear_bindings(state_->statement);
}

std::int64_t Statement::column_int(int column) const {
  return sqlite3_column_int64(state_->statement, column);
}

std::string_view Statement::column_text(int column) const {
  const auto* text = sqlite3_column_text(state_->statement, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(state_->statement, column));
  return {reinterpret_cast<const char*>(text), text != nullptr ? size : 0};
}

ByteView Statement::column_blob(int column) const {
  const auto* blob = static_cast<const std::uint8_t*>(sqlite3_column_blob(state_->statement, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(state_->statement, column));
  return {blob, blob != nullptr ? size : 0};
}

bool Statement::column_null(int column) const {
  return sqlite3_column_type(state_->statement, column) == SQLITE_NULL;
}

Database::Database(const std::filesystem::path& file, Mode mode, Durability durability)
    : state_(std::make_unique<State>()) {
  if (mode == Mode::kCreate) create_private_file(file);
  const int flags = (mode == Mode::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
                    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(file.c_str(), &state_->connection, flags, nullptr);
  if (code != SQLITE_OK) {
    throw SqliteError(code & 0xff, "cannot open " + file.string() + ": " + sqlite3_errstr(code),
                      is_out_of_space(code & 0xff, sqlite3_system_errno(state_->connection)));
  }
  sqlite3_busy_timeout(state_->connection, kBusyTimeoutMs);
  if (mode == Mode::kReadOnly) {
    exec("PRAGMA query_only=ON");
    return;
  }
  exec("PRAGMA journal_mode=WAL");
  exec("PRAGMA temp_store=MEMORY");  // what a savepoint may undo is never written to a file of its own
  exec("PRAGMA foreign_keys=ON");
  const bool full = durability == Durability::kFull;
  exec(full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  exec(full ? "PRAGMA secure_delete=ON" : "PRAGMA secure_delete=OFF");
}

Database::~Database() = default;
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;

void Database::exec(std::string_view sql) {
  errno = 0;  // as in Statement::step()
  const int code = sqlite3_exec(state_->connection, std::string(sql).c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(state_->connection, code, "exec", errno);
}

Statement& Database::cached(const char* sql) {
  const std::string_view text(sql);
  auto found = state_->cached.find(text);
  if (found == state_->cached.end()) found = state_->cached.emplace(text, Statement(*this, text)).first;
  found->second.clear();
  return found->second;
}

std::int64_t Database::changes() const {
  return sqlite3_changes64(state_->connection);
}
std::int64_t Database::last_insert_rowid() const {
  return sqlite3_last_insert_rowid(state_->connection);
}
bool Database::moved() const {
  int moved = 0;
  return sqlite3_file_control(state_->connection, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK &&
         moved != 0;
}
bool Database::in_transaction() const {
  return sqlite3_get_autocommit(state_->connection) == 0;
}

void Database::checkpoint_wal() {
  const int code =
      sqlite3_wal_checkpoint_v2(state_->connection, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (code != SQLITE_OK) fail(state_->connection, code, "checkpoint of the WAL");
}

Transaction::Transaction(Database& database) : database_(database) {
  database_.cached("BEGIN IMMEDIATE").run();
}

Transaction::~Transaction() {
  // SQLite has ended the transaction by itself after some errors (disk full, I/O).
  if (!open_ || !database_.in_transaction()) return;
  try {
    database_.cached("ROLLBACK").run();
  } catch (const SqliteError&) {  // a rollback that fails has happened all the same: nothing was committed
  }
}

void Transaction::commit() {
  database_.cached("COMMIT").run();
  open_ = false;
}

Savepoint::Savepoint(Database& database) : database_(database) {
  database_.cached("SAVEPOINT nested").run();
}

Savepoint::~Savepoint() {
  if (!open_ || !database_.in_transaction()) return;
  try {
    database_.cached("ROLLBACK TO nested").run();
    database_.cached("RELEASE nested").run();
  } catch (const SqliteError&) {  // the enclosing transaction is gone, and this with it
  }
}

void Savepoint::release() {
  database_.cached("RELEASE nested").run();
  open_ = false;
}

void migrate(Database& database, const Migrations& migrations) {
  database.exec(
      "CREATE TABLE IF NOT EXISTS schema_version(component TEXT PRIMARY KEY, version INTEGER NOT NULL) "
      "STRICT");
  while (true) {
    Transaction transaction(database);  // two processes that start together migrate one after the other
    auto& select = database.cached("SELECT version FROM schema_version WHERE component = ?1");
    select.bind(1, migrations.component);
    const auto version = select.step() ? static_cast<std::size_t>(select.column_int(0)) : 0;
    select.reset();
    if (version > migrations.steps.size()) {
      throw std::runtime_error("the database is from a newer version of this program: its part \"" +
                               std::string(migrations.component) + "\" has version " +
                               std::to_string(version) + ", known are versions up to " +
                               std::to_string(migrations.steps.size()));
    }
    if (version == migrations.steps.size()) return;
    database.exec(migrations.steps[version]);
    database.cached("INSERT OR REPLACE INTO schema_version(component, version) VALUES(?1, ?2)")
        .bind(1, migrations.component)
        .bind(2, static_cast<std::int64_t>(version + 1))
        .run();
    transaction.commit();
  }
}

}  // namespace ledger::sqlite
