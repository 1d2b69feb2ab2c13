// A thin, typed layer over SQLite: Database, Statement, Transaction. Nothing else in the project includes
// <sqlite3.h>. A Database belongs to one thread at a time. Errors are SqliteError with SQLite's own code; a
// message never quotes bound values.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "ledger-client/core/bytes.h"

namespace ledger::sqlite {

class SqliteError : public std::runtime_error {
 public:
  SqliteError(int code, const std::string& what, bool disk_full = false)
      : std::runtime_error(what), code_(code), disk_full_(disk_full) {}
  int code() const { return code_; }  // primary result code
  // SQLITE_FULL, or an I/O error whose cause was ENOSPC, EDQUOT or a file size limit.
  bool disk_full() const { return disk_full_; }
  // The file is no database, or pages of it are damaged.
  bool damaged() const;

 private:
  int code_;
  bool disk_full_;
};

class Database;

class Statement {
 public:
  Statement(Database& database, std::string_view sql);
  ~Statement();
  Statement(Statement&&) noexcept;
  Statement& operator=(Statement&&) noexcept;

  // Parameters are numbered from 1. Text and blobs are copied. bind(n, nullopt) binds NULL.
  Statement& bind(int parameter, std::int64_t value);
  Statement& bind(int parameter, std::string_view text);
  Statement& bind(int parameter, ByteView blob);
  Statement& bind(int parameter, std::nullopt_t);
  // Advances to the next row; false at the end (the statement is then reset and may be bound again).
  bool step();
  // For statements without rows: one step, then reset.
  void run();
  void reset();
  void clear();  // reset, and every parameter NULL

  // Columns are numbered from 0. Views stay valid until the next step or reset.
  std::int64_t column_int(int column) const;
  std::string_view column_text(int column) const;
  ByteView column_blob(int column) const;
  bool column_null(int column) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

enum class Mode { kReadOnly, kReadWrite, kCreate };
// What a power cut may take. kFull: nothing that was committed. kNormal (synchronous=NORMAL): the last
// commits, never a part of one; for what can be fetched again. It also leaves deleted content in the file.
enum class Durability { kFull, kNormal };

class Database {
 public:
  // WAL, synchronous=FULL, foreign_keys, secure_delete=ON, busy timeout 5 s. File mode 0600 when created.
  // Read-only leaves the file's own settings alone.
  explicit Database(const std::filesystem::path& file, Mode mode = Mode::kCreate,
                    Durability durability = Durability::kFull);
  ~Database();
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;

  void exec(std::string_view sql);
  // A prepared statement kept by its SQL text, reset and with cleared bindings: no compilation on hot paths.
  // `sql` must outlive the Database (a string literal).
  Statement& cached(const char* sql);
  std::int64_t changes() const;
  std::int64_t last_insert_rowid() const;
  // False again if SQLite has rolled a transaction back by itself, as it does when the disk is full.
  bool in_transaction() const;
  // Whether the file was renamed, removed or replaced since it was opened: what is written now is lost with
  // the process.
  bool moved() const;
  // Truncates the WAL so that deleted salts do not survive in it.
  void checkpoint_wal();

 private:
  friend class Statement;
  struct State;
  std::unique_ptr<State> state_;
};

// BEGIN IMMEDIATE … COMMIT; rolls back when destroyed without commit().
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

// A nested transaction (SAVEPOINT): rolled back when destroyed without release().
class Savepoint {
 public:
  explicit Savepoint(Database& database);
  ~Savepoint();
  Savepoint(const Savepoint&) = delete;
  Savepoint& operator=(const Savepoint&) = delete;
  void release();

 private:
  Database& database_;
  bool open_ = true;
};

// Numbered migrations of one component ("ledger", "agent", "his"): steps[i] takes version i to i + 1, each in
// a transaction of its own. Throws if the database is newer than this program.
struct Migrations {
  std::string_view component;
  std::span<const char* const> steps;
};
void migrate(Database& database, const Migrations& migrations);

}  // namespace ledger::sqlite
