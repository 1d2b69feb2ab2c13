// Connections for readers: each belongs to one borrower at a time and goes back with its compiled statements.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "ledger-client/store/sqlite.h"

namespace edge::his {

// Thread-safe. Never waits: a borrower in need gets a new connection, and only kKept idle ones are kept.
class ReaderPool {
 public:
  explicit ReaderPool(std::filesystem::path file) : file_(std::move(file)) {}

  class Lease {
   public:
    Lease(ReaderPool& pool, std::unique_ptr<ledger::sqlite::Database> database)
        : pool_(pool), database_(std::move(database)) {}
    ~Lease() { pool_.give_back(std::move(database_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ledger::sqlite::Database* operator->() const { return database_.get(); }
    ledger::sqlite::Database& operator*() const { return *database_; }

   private:
    ReaderPool& pool_;
    std::unique_ptr<ledger::sqlite::Database> database_;
  };

  Lease borrow();

 private:
  static constexpr std::size_t kKept = 8;
  void give_back(std::unique_ptr<ledger::sqlite::Database> database);

  std::filesystem::path file_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<ledger::sqlite::Database>> idle_;
};

// One state of the database for several statements. Begun at the first read, over when destroyed.
class Snapshot {
 public:
  explicit Snapshot(ledger::sqlite::Database& database) : database_(database) {
    database_.cached("BEGIN").run();
  }
  ~Snapshot();
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

 private:
  ledger::sqlite::Database& database_;
};

}  // namespace edge::his
