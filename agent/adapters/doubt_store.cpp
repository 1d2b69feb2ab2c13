#include "agent/adapters/doubt_store.h"

#include "agent/core/ports.h"

namespace edge {

using ledger::Validity;
using ledger::sqlite::Database;
using ledger::sqlite::Statement;

namespace {

constexpr std::string_view kPlaceColumns =
    "SELECT a.number, a.request, a.peer, a.peer_key, a.peer_origin, a.peer_index, a.peer_size, a.peer_root "
    "FROM audit AS a ";
constexpr std::string_view kDoubtColumns =
    "SELECT a.number, a.request, a.peer, a.peer_origin, a.time, d.since, d.refused, d.reason, a.entry_index "
    "FROM doubt AS d JOIN audit AS a ON a.number = d.number ";

KeptPlace read_place(const Statement& row) {
  KeptPlace out{row.column_int(0),
                std::string(row.column_text(1)),
                {*ledger::Address::parse(row.column_text(2)),
                 std::string(row.column_text(3)),
                 static_cast<std::uint64_t>(row.column_int(5)),
                 {std::string(row.column_text(4)), static_cast<std::uint64_t>(row.column_int(6)), {}}}};
  if (const auto root = ledger::hash_from_bytes(row.column_blob(7))) out.place.tree.root = *root;
  return out;
}

Doubt read_doubt(const Statement& row) {
  Doubt out;
  out.number = row.column_int(0);
  out.request = row.column_text(1);
  out.peer = row.column_text(2);
  out.origin = row.column_text(3);
  out.received = to_time(row.column_int(4));
  out.since = to_time(row.column_int(5));
  out.validity = row.column_int(6) != 0 ? Validity::kRefused : Validity::kSuspect;
  out.reason = row.column_text(7);
  if (!row.column_null(8)) out.entry = static_cast<std::uint64_t>(row.column_int(8));
  return out;
}

// Whether that changed anything.
bool store(Database& database, std::int64_t audit_row, Validity validity, std::string_view reason,
           ledger::TimePoint now) {
  if (validity == Validity::kValid) {
    database.cached("DELETE FROM doubt WHERE number = ?1").bind(1, audit_row).run();
    return database.changes() > 0;
  }
  // The row it is about may have been pruned since.
  database
      .cached(
          "INSERT INTO doubt(number, refused, reason, since) SELECT ?1, ?2, ?3, ?4 WHERE EXISTS(SELECT 1 "
          "FROM audit WHERE number = ?1) ON CONFLICT(number) DO UPDATE SET refused = excluded.refused, "
          "reason = excluded.reason, since = excluded.since, seen = NULL WHERE refused <> excluded.refused "
          "OR reason <> excluded.reason")
      .bind(1, audit_row)
      .bind(2, std::int64_t{validity == Validity::kRefused})
      .bind(3, reason)
      .bind(4, to_integer(now))
      .run();
  return database.changes() > 0;
}

}  // namespace

std::string_view doubt_text(Validity validity) {
  return validity == Validity::kRefused ? "refused" : "suspect";
}

void insert_doubt(Database& database, std::int64_t audit_row, Validity validity, std::string_view reason,
                  ledger::TimePoint now) {
  store(database, audit_row, validity, reason, now);
}

DoubtStore::DoubtStore(ledger::Journal& journal, const std::filesystem::path& database,
                       std::function<ledger::TimePoint()> now)
    : journal_(journal), now_(std::move(now)), reader_(database) {}

std::vector<KeptPlace> DoubtStore::places(const std::string& origin, const std::string& key_id,
                                          Cursor& cursor, std::size_t limit) {
  static const std::string sql =
      std::string(kPlaceColumns) +
      "WHERE a.peer_origin = ?1 AND a.peer_index IS NOT NULL AND (a.peer_index, a.number) > (?2, ?3) AND "
      "a.peer_key <> '' AND (?4 = '' OR a.peer_key = ?4) ORDER BY a.peer_index, a.number LIMIT ?5";
  return reader_.with([&](Database& database) {
    Statement& select = database.cached(sql.c_str());
    select.bind(1, origin).bind(2, static_cast<std::int64_t>(cursor.index)).bind(3, cursor.number);
    select.bind(4, key_id).bind(5, static_cast<std::int64_t>(limit));
    std::vector<KeptPlace> out;
    while (select.step()) out.push_back(read_place(select));
    if (!out.empty()) cursor = {out.back().place.index, out.back().number};
    return out;
  });
}

std::vector<KeptPlace> DoubtStore::doubted(std::int64_t after, std::size_t limit) {
  static const std::string sql =
      std::string(kPlaceColumns) +
      "JOIN doubt AS d ON d.number = a.number WHERE d.number > ?1 ORDER BY d.number LIMIT ?2";
  return reader_.with([&](Database& database) {
    Statement& select = database.cached(sql.c_str());
    select.bind(1, after).bind(2, static_cast<std::int64_t>(limit));
    std::vector<KeptPlace> out;
    while (select.step()) out.push_back(read_place(select));
    return out;
  });
}

std::vector<DoubtStore::Judged> DoubtStore::record(const std::vector<Judged>& judged) {
  std::vector<Judged> changed;
  const ledger::TimePoint now = now_();
  const auto statements = [&](Database& database, std::uint64_t) {
    changed.clear();
    for (const Judged& one : judged)
      if (store(database, one.kept.number, one.judgement.validity, one.judgement.reason, now))
        changed.push_back(one);
  };
  if (!journal_.append({}, statements, ledger::Work::kBegun))
    throw Unavailable("what became of received bundles can't be recorded");
  return changed;
}

std::vector<Doubt> DoubtStore::list(bool all, std::size_t limit) {
  static const std::string sql =
      std::string(kDoubtColumns) + "WHERE ?1 = 1 OR d.seen IS NULL ORDER BY d.number DESC LIMIT ?2";
  return reader_.with([&](Database& database) {
    Statement& select = database.cached(sql.c_str());
    select.bind(1, std::int64_t{all}).bind(2, static_cast<std::int64_t>(limit));
    std::vector<Doubt> out;
    while (select.step()) out.push_back(read_doubt(select));
    return out;
  });
}

std::optional<Doubt> DoubtStore::find(const std::string& request) {
  static const std::string sql =
      std::string(kDoubtColumns) +
      "WHERE a.request = ?1 AND a.peer_index IS NOT NULL ORDER BY a.number LIMIT 1";
  return reader_.with([&](Database& database) -> std::optional<Doubt> {
    Statement& select = database.cached(sql.c_str());
    select.bind(1, request);
    if (!select.step()) return std::nullopt;
    Doubt out = read_doubt(select);
    select.reset();
    return out;
  });
}

bool DoubtStore::see(const std::string& request) {
  const auto doubt = find(request);
  if (!doubt) return false;
  bool changed = false;
  const auto statements = [&](Database& database, std::uint64_t) {
    database.cached("UPDATE doubt SET seen = ?2 WHERE number = ?1 AND seen IS NULL")
        .bind(1, doubt->number)
        .bind(2, to_integer(now_()))
        .run();
    changed = database.changes() > 0;
  };
  if (!journal_.append({}, statements, ledger::Work::kBegun)) throw Unavailable("agent.db can't be written");
  return changed;
}

DoubtStore::Counts DoubtStore::unseen() {
  return reader_.with([&](Database& database) {
    Statement& select = database.cached(
        "SELECT count(*) FILTER (WHERE refused = 0), count(*) FILTER (WHERE refused = 1) FROM doubt WHERE "
        "seen IS NULL");
    Counts out;
    if (select.step()) {
      out.suspect = static_cast<std::uint64_t>(select.column_int(0));
      out.refused = static_cast<std::uint64_t>(select.column_int(1));
    }
    select.reset();
    return out;
  });
}

}  // namespace edge
