#include "ledger-client/store/schema.h"

namespace ledger {
namespace {

constexpr const char* kSteps[] = {
    R"sql(
CREATE TABLE ledger_meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE ledger_entry(idx INTEGER PRIMARY KEY, leaf BLOB NOT NULL, line TEXT NOT NULL) STRICT;
CREATE TABLE ledger_node(key INTEGER PRIMARY KEY, hash BLOB NOT NULL) STRICT;
CREATE TABLE ledger_unique(type TEXT NOT NULL, key TEXT NOT NULL, idx INTEGER NOT NULL,
                           PRIMARY KEY(type, key)) STRICT, WITHOUT ROWID;
CREATE TABLE ledger_checkpoint(size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT;
)sql"};

constexpr const char* kReplicaSteps[] = {
    R"sql(
CREATE TABLE replica_vouch(size INTEGER PRIMARY KEY, note TEXT NOT NULL, proof BLOB NOT NULL) STRICT;
CREATE TABLE replica_note(kind TEXT PRIMARY KEY, note TEXT NOT NULL) STRICT, WITHOUT ROWID;
)sql"};

}  // namespace

sqlite::Migrations ledger_migrations() {
  return {"ledger", kSteps};
}

sqlite::Migrations replica_migrations() {
  return {"replica", kReplicaSteps};
}

void store_checkpoint(sqlite::Database& database, std::uint64_t size, const std::string& note) {
  database.cached("DELETE FROM ledger_checkpoint WHERE size >= ?1").bind(1, checkpoint_block(size)).run();
  database.cached("INSERT INTO ledger_checkpoint(size, note) VALUES(?1, ?2)")
      .bind(1, static_cast<std::int64_t>(size))
      .bind(2, note)
      .run();
}

}  // namespace ledger
