// The part of AuditTrail that deletes.
#include "agent/adapters/audit_trail.h"
#include "agent/core/ports.h"

namespace edge {

using ledger::sqlite::Database;
using ledger::sqlite::Statement;

namespace {

constexpr std::int64_t kBatch = 500;  // rows of one transaction: who appends an entry waits for no more

constexpr const char* kOld =
    "SELECT number, asked, break_glass, (patient_salt IS NOT NULL) + (plaintext_salt IS NOT NULL) FROM audit "
    "WHERE time < ?1 AND number "
    "NOT IN (SELECT number FROM audit_unreviewed) ORDER BY time LIMIT ?2";

struct Old {
  std::int64_t number = 0;
  ledger::Bytes asked;
  std::optional<std::int64_t> break_glass;
  std::uint64_t salts = 0;
};

std::vector<Old> old_rows(Database& database, ledger::TimePoint time) {
  std::vector<Old> out;
  Statement& select = database.cached(kOld);
  select.bind(1, to_integer(time)).bind(2, kBatch);
  while (select.step()) {
    Old row{select.column_int(0), ledger::to_bytes(select.column_blob(1)), std::nullopt,
            static_cast<std::uint64_t>(select.column_int(3))};
    if (!select.column_null(2)) row.break_glass = select.column_int(2);
    out.push_back(std::move(row));
  }
  return out;
}

void remove(Database& database, const Old& row, AuditPruned& done) {
  const auto changes = [&] { return static_cast<std::uint64_t>(database.changes()); };
  database.cached("DELETE FROM audit WHERE number = ?1").bind(1, row.number).run();
  done.rows += changes();
  done.salts += row.salts;
  database.cached("DELETE FROM doubt WHERE number = ?1").bind(1, row.number).run();
  if (row.break_glass) {
    database.cached("DELETE FROM break_glass WHERE entry_index = ?1").bind(1, *row.break_glass).run();
    done.break_glass += changes();
  }
  if (row.asked.empty()) return;
  database
      .cached(
          "DELETE FROM audit_patient WHERE asked = ?1 AND NOT EXISTS(SELECT 1 FROM audit WHERE asked = ?1)")
      .bind(1, ledger::ByteView(row.asked))
      .run();
  done.patients += changes();
}

std::uint64_t count_of(Database& database, const char* sql, ledger::TimePoint time) {
  Statement& select = database.cached(sql);
  select.bind(1, to_integer(time));
  const auto count = select.step() ? static_cast<std::uint64_t>(select.column_int(0)) : 0;
  select.reset();
  return count;
}

constexpr const char* kCountRows =
    "SELECT count(*) FROM audit WHERE time < ?1 AND number NOT IN (SELECT number FROM audit_unreviewed)";
constexpr const char* kCountKept =
    "SELECT count(*) FROM audit WHERE time < ?1 AND number IN (SELECT number FROM audit_unreviewed)";
constexpr const char* kCountSalts =
    "SELECT total((patient_salt IS NOT NULL) + (plaintext_salt IS NOT NULL)) FROM audit WHERE time < ?1 AND "
    "number NOT IN (SELECT number FROM audit_unreviewed)";
constexpr const char* kCountGlass =
    "SELECT count(*) FROM break_glass WHERE reviewed IS NOT NULL AND EXISTS(SELECT 1 FROM audit WHERE "
    "audit.break_glass = break_glass.entry_index AND time < ?1)";
constexpr const char* kCountPatients =
    "SELECT count(*) FROM audit_patient AS p WHERE EXISTS(SELECT 1 FROM audit WHERE asked = p.asked) AND NOT "
    "EXISTS(SELECT 1 FROM audit WHERE asked = p.asked AND (time >= ?1 OR number IN (SELECT number FROM "
    "audit_unreviewed)))";

}  // namespace

AuditPruned AuditTrail::count(ledger::TimePoint time) {
  return reader_.with([&](Database& database) {
    AuditPruned out;
    out.rows = count_of(database, kCountRows, time);
    out.kept = count_of(database, kCountKept, time);
    out.salts = count_of(database, kCountSalts, time);
    out.break_glass = count_of(database, kCountGlass, time);
    out.patients = count_of(database, kCountPatients, time);
    return out;
  });
}

AuditPruned AuditTrail::prune(ledger::TimePoint time, bool dry_run) {
  if (dry_run) return count(time);
  AuditPruned done;
  for (bool more = true; more;) {
    AuditPruned batch;
    const auto statements = [&](Database& database, std::uint64_t) {
      const auto rows = old_rows(database, time);
      for (const Old& row : rows) remove(database, row, batch);
      more = rows.size() == static_cast<std::size_t>(kBatch);
    };
    if (!journal_.append({}, statements, ledger::Work::kBegun))
      throw Unavailable("old rows of the audit trail can't be deleted");
    done.rows += batch.rows;
    done.salts += batch.salts;
    done.patients += batch.patients;
    done.break_glass += batch.break_glass;
    if (batch.rows > 0) wal_dirty_ = true;
  }
  done.kept = reader_.with([&](Database& database) { return count_of(database, kCountKept, time); });
  done.wal_truncated = !wal_dirty_ || truncate_wal();
  return done;
}

// What was deleted must not survive in the write-ahead log.
bool AuditTrail::truncate_wal() {
  try {
    Database(options_.database, ledger::sqlite::Mode::kReadWrite).checkpoint_wal();
    wal_dirty_ = false;
    return true;
  } catch (const ledger::sqlite::SqliteError&) {
    return false;
  }
}

}  // namespace edge
