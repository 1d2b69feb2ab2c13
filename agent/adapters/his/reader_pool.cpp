#include "agent/adapters/his/reader_pool.h"

namespace edge::his {

using ledger::sqlite::Database;

ReaderPool::Lease ReaderPool::borrow() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Database> database = std::move(idle_.back());
      idle_.pop_back();
      return {*this, std::move(database)};
    }
  }
  auto database = std::make_unique<Database>(file_, ledger::sqlite::Mode::kReadOnly);
  database->exec("PRAGMA cache_size = -16384");
  database->exec("PRAGMA mmap_size = 1073741824");
  return {*this, std::move(database)};
}

void ReaderPool::give_back(std::unique_ptr<Database> database) {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kKept) idle_.push_back(std::move(database));
}

Snapshot::~Snapshot() {
  try {
    database_.cached("ROLLBACK").run();
  } catch (const ledger::sqlite::SqliteError&) {  // NOLINT(bugprone-empty-catch): nothing was written; the
                                                  // next use reports it
  }
}

}  // namespace edge::his
