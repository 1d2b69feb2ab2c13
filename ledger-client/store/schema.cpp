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

}  // namespace

sqlite::Migrations ledger_migrations() {
  return {"ledger", kSteps};
}

}  // namespace ledger
