#include "ledger-client/store/log_restore.h"

#include <algorithm>

#include "ledger-client/core/entry_unique.h"
#include "ledger-client/core/sha256.h"
#include "ledger-client/store/log_copy.h"
#include "ledger-client/store/log_reader.h"
#include "ledger-client/store/schema.h"
#include "ledger-client/store/verify.h"

namespace ledger {
namespace {

constexpr const char* kRetire =
    "; `ehr-agent ledger retire` ends this log, which can't be continued, and begins the next one";

// A copy that doesn't hold together: thrown and caught in this file, so that the transaction is rolled back.
struct BadCopy {
  std::string reason;
};

std::string nowhere(std::uint64_t from, std::uint64_t to) {
  return "entries " + std::to_string(from) + " to " + std::to_string(to - 1) +
         " were signed here and are nowhere now, neither in the database nor with the members that answered; "
         "try again when more of them are there" +
         kRetire;
}

// How many entries are whole, from the first on.
std::uint64_t whole_entries(const LogSource& log, const NoteKey& key) {
  const auto report = verify_log(log, std::span(&key, 1));
  return report.fault ? std::min(report.fault->index, report.entries) : report.entries;
}

std::string why_not(const LogSource& own, std::uint64_t whole, const LogSource& copy, std::uint64_t copied,
                    const std::optional<GuardRecord>& guard, const std::string& origin) {
  const bool guarded = guard && guard->checkpoint.origin == origin;
  const std::uint64_t remembered = std::max(own.size(), guarded ? guard->checkpoint.size : 0);
  if (std::max(whole, copied) < remembered) return nowhere(std::max(whole, copied), remembered);
  const std::uint64_t common = std::min(whole, copied);
  if (root_at(own, common) != root_at(copy, common)) {
    return std::string(
               "two histories of this log are signed: the database holds another one than the other "
               "members") +
           kRetire;
  }
  if (guarded && guard->checkpoint.size > whole &&
      root_at(copy, guard->checkpoint.size) != guard->checkpoint.root) {
    return std::string("the other members hold another history than the guard file remembers") + kRetire;
  }
  return {};
}

void cut(sqlite::Database& database, std::uint64_t size) {
  const auto end = static_cast<std::int64_t>(size);
  database.cached("DELETE FROM ledger_entry WHERE idx >= ?1").bind(1, end).run();
  database.cached("DELETE FROM ledger_unique WHERE idx >= ?1").bind(1, end).run();
  database.cached("DELETE FROM ledger_checkpoint WHERE size > ?1").bind(1, end).run();
  for (unsigned level = 1; level < 48; ++level) {
    database.cached("DELETE FROM ledger_node WHERE key >= ?1 AND key < ?2")
        .bind(1, node_key(level, size >> level))
        .bind(2, node_key(level + 1, 0))
        .run();
  }
}

ChainState chain_after(const LogSource& log, const std::string& origin, std::uint64_t size) {
  ChainState chain = chain_start(origin);
  if (size == 0) return chain;
  const auto line = log.line(size - 1).value();
  const auto entry = parse_entry(line);
  if (!entry) throw BadCopy{"entry " + std::to_string(size - 1) + " of the database is damaged"};
  return {origin, size, sha256(line), entry->time};
}

class Restorer {
 public:
  Restorer(sqlite::Database& database, const LogSource& copy, const std::string& origin, std::uint64_t kept)
      : database_(database), frontier_(frontier_at(copy, kept)), chain_(chain_after(copy, origin, kept)) {}

  void add(std::string_view line) {
    const auto entry = follow_chain(chain_, line);
    if (!entry) throw BadCopy{entry.error().reason};
    const Hash leaf = leaf_hash(as_bytes(line));
    database_.cached("INSERT INTO ledger_entry(idx, leaf, line) VALUES(?1, ?2, ?3)")
        .bind(1, static_cast<std::int64_t>(entry->index))
        .bind(2, ByteView(leaf))
        .bind(3, line)
        .run();
    frontier_.append(leaf, [this](unsigned level, std::uint64_t index, const Hash& hash) {
      if (level == 0) return;  // stands in its entry's row
      database_.cached("INSERT INTO ledger_node(key, hash) VALUES(?1, ?2)")
          .bind(1, node_key(level, index))
          .bind(2, ByteView(hash))
          .run();
    });
    claim(*entry);
  }
  Hash root() const { return frontier_.root(); }

 private:
  // The same entry is never made a second time for one request, after the accident either.
  void claim(const Entry& entry) {
    const std::string key = unique_key(entry);
    if (key.empty()) return;
    database_.cached("INSERT OR IGNORE INTO ledger_unique(type, key, idx) VALUES(?1, ?2, ?3)")
        .bind(1, entry.type)
        .bind(2, key)
        .bind(3, static_cast<std::int64_t>(entry.index))
        .run();
  }

  sqlite::Database& database_;
  Frontier frontier_;
  ChainState chain_;
};

}  // namespace

Result<RestoredLog> restore_log(sqlite::Database& database, const NoteKey& key,
                                const std::optional<GuardRecord>& guard, const LogSource& copy) {
  const std::string& origin = key.name;
  const LogReader own(database);
  const std::uint64_t whole = whole_entries(own, key);
  // A copy's entries count as far as a signed checkpoint covers exactly them.
  const auto note = copy.newest_checkpoint_note();
  const auto signed_copy = open_checkpoint_of(note.value_or(""), origin, std::span(&key, 1));
  const std::uint64_t copied = signed_copy ? signed_copy->checkpoint.size : 0;
  if (const auto why = why_not(own, whole, copy, copied, guard, origin); !why.empty()) return Problem{why};
  if (copied <= whole) return RestoredLog{whole, 0};
  try {
    sqlite::Transaction transaction(database);
    cut(database, whole);
    Restorer restorer(database, copy, origin, whole);
    copy.for_each_entry(whole, copied, [&](const StoredEntry& entry) {
      restorer.add(entry.line);
      return true;
    });
    if (restorer.root() != signed_copy->checkpoint.root) throw BadCopy{"its root is not the signed one"};
    store_checkpoint(database, copied, *note);
    transaction.commit();
  } catch (const BadCopy& bad) {
    return Problem{"the copy of the log does not fit: " + bad.reason};
  }
  return RestoredLog{whole, copied - whole};
}

}  // namespace ledger
