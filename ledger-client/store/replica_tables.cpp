#include "ledger-client/store/replica_tables.h"

#include <algorithm>

#include "ledger-client/store/schema.h"

namespace ledger {
namespace {

constexpr unsigned kMaxLevel = 48;

const char* name_of(KeptKind kind) {
  switch (kind) {
    case KeptKind::kNewest:
      return "newest";
    case KeptKind::kWitnessed:
      return "witnessed";
    case KeptKind::kWitnessedAhead:
      return "witnessed ahead";
  }
  return "";
}

Bytes to_blob(const Proof& proof) {
  Bytes blob;
  for (const auto& hash : proof) blob.insert(blob.end(), hash.begin(), hash.end());
  return blob;
}

Proof to_proof(ByteView blob) {
  Proof proof;
  for (; blob.size() >= sizeof(Hash); blob = blob.subspan(sizeof(Hash))) {
    proof.push_back(*hash_from_bytes(blob.first(sizeof(Hash))));
  }
  return proof;
}

std::optional<std::string> meta(sqlite::Database& database, const char* key) {
  auto& select = database.cached("SELECT value FROM ledger_meta WHERE key = ?1");
  select.bind(1, std::string_view(key));
  if (!select.step()) return std::nullopt;
  std::string value(select.column_text(0));
  select.reset();
  return value;
}

void set_meta(sqlite::Database& database, const char* key, std::string_view value) {
  database.cached("INSERT INTO ledger_meta(key, value) VALUES(?1, ?2)")
      .bind(1, std::string_view(key))
      .bind(2, value)
      .run();
}

// A journal's database must never be cut or filled from outside: it holds what its owner signed.
void claim(sqlite::Database& database, const std::string& origin) {
  sqlite::Transaction transaction(database);
  const auto stored = meta(database, "origin");
  if (stored && !meta(database, "replica")) throw std::runtime_error("the database belongs to an agent");
  if (stored && *stored != origin) throw std::runtime_error("the database holds the log " + *stored);
  if (!stored) {
    set_meta(database, "origin", origin);
    set_meta(database, "replica", "1");
  }
  transaction.commit();
}

sqlite::Database open_database(const std::filesystem::path& file, const std::string& origin) {
  sqlite::Database database(file, sqlite::Mode::kCreate, sqlite::Durability::kNormal);
  // Fewer checkpoints of the WAL, each of which waits for the disk: 16 MiB.
  database.exec("PRAGMA wal_autocheckpoint=4096");
  migrate(database, ledger_migrations());
  migrate(database, replica_migrations());
  claim(database, origin);
  return database;
}

}  // namespace

ReplicaTables::ReplicaTables(const std::filesystem::path& file, const std::string& origin)
    : database_(open_database(file, origin)), reader_(database_) {}

void ReplicaTables::add(std::uint64_t first_index, std::span<const StagedEntry> entries,
                        std::span<const StagedNode> nodes) {
  auto index = static_cast<std::int64_t>(first_index);
  for (const auto& entry : entries) {
    database_.cached("INSERT INTO ledger_entry(idx, leaf, line) VALUES(?1, ?2, ?3)")
        .bind(1, index++)
        .bind(2, ByteView(entry.leaf))
        .bind(3, entry.line)
        .run();
  }
  for (const auto& node : nodes) {
    database_.cached("INSERT INTO ledger_node(key, hash) VALUES(?1, ?2)")
        .bind(1, node_key(node.level, node.index))
        .bind(2, ByteView(node.hash))
        .run();
  }
}

void ReplicaTables::store_vouch(const Vouch& vouch) {
  database_.cached("DELETE FROM replica_vouch WHERE size >= ?1").bind(1, checkpoint_block(vouch.size)).run();
  database_.cached("INSERT INTO replica_vouch(size, note, proof) VALUES(?1, ?2, ?3)")
      .bind(1, static_cast<std::int64_t>(vouch.size))
      .bind(2, vouch.note)
      .bind(3, ByteView(to_blob(vouch.consistency)))
      .run();
}

std::optional<std::string> ReplicaTables::note(KeptKind kind) const {
  auto& select = database_.cached("SELECT note FROM replica_note WHERE kind = ?1");
  select.bind(1, std::string_view(name_of(kind)));
  if (!select.step()) return std::nullopt;
  std::string note(select.column_text(0));
  select.reset();
  return note;
}

void ReplicaTables::set_note(KeptKind kind, const std::string& note) {
  database_.cached("INSERT OR REPLACE INTO replica_note(kind, note) VALUES(?1, ?2)")
      .bind(1, std::string_view(name_of(kind)))
      .bind(2, note)
      .run();
}

void ReplicaTables::forget_note(KeptKind kind) {
  database_.cached("DELETE FROM replica_note WHERE kind = ?1").bind(1, std::string_view(name_of(kind))).run();
}

void ReplicaTables::replace_checkpoint(std::uint64_t size, const std::string& note) {
  database_.cached("UPDATE ledger_checkpoint SET note = ?2 WHERE size = ?1")
      .bind(1, static_cast<std::int64_t>(size))
      .bind(2, note)
      .run();
}

void ReplicaTables::cut(std::uint64_t size) {
  const auto end = static_cast<std::int64_t>(size);
  database_.cached("DELETE FROM ledger_entry WHERE idx >= ?1").bind(1, end).run();
  for (unsigned level = 1; level < kMaxLevel; ++level) {
    database_.cached("DELETE FROM ledger_node WHERE key >= ?1 AND key < ?2")
        .bind(1, node_key(level, size >> level))
        .bind(2, node_key(level + 1, 0))
        .run();
  }
  database_.cached("DELETE FROM ledger_checkpoint WHERE size > ?1").bind(1, end).run();
  database_.cached("DELETE FROM replica_vouch WHERE size > ?1").bind(1, end).run();
}

std::vector<Vouch> ReplicaTables::vouches(std::uint64_t limit) const {
  std::vector<Vouch> all;
  auto& select = database_.cached(
      "SELECT size, note, x'' FROM ledger_checkpoint WHERE size <= ?1 UNION ALL "
      "SELECT size, note, proof FROM replica_vouch WHERE size <= ?1 ORDER BY 1 DESC");
  select.bind(1, static_cast<std::int64_t>(limit));
  while (select.step()) {
    all.push_back({static_cast<std::uint64_t>(select.column_int(0)), std::string(select.column_text(1)),
                   to_proof(select.column_blob(2))});
  }
  return all;
}

}  // namespace ledger
