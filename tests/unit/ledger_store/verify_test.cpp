#include "ledger-client/store/verify.h"
#include "ledger-client/core/merkle.h"
#include "ledger-client/store/log_reader.h"

#include <catch2/catch.hpp>

#include "tests/support/test_log.h"

using ledger::LogFault;
using test_support::issued;
using test_support::journal_options;
using test_support::kOrigin;
using test_support::LogKey;

namespace {

// With one thread and with two, which report the same.
ledger::VerifyReport verify(const std::filesystem::path& directory, const LogKey& key) {
  const ledger::LogReader log(directory / "agent.db");
  ledger::VerifyOptions how;
  auto report = ledger::verify_log(log, std::array{key.key()}, how);
  how.second_thread = true;
  const auto again = ledger::verify_log(log, std::array{key.key()}, how);
  CHECK(again.entries == report.entries);
  CHECK(again.checkpoints == report.checkpoints);
  CHECK(again.checkpoint == report.checkpoint);
  CHECK(again.void_count == report.void_count);
  CHECK(again.void_entries.size() == report.void_entries.size());
  CHECK(again.unknown_types == report.unknown_types);
  REQUIRE(again.fault.has_value() == report.fault.has_value());
  if (report.fault) {
    CHECK(again.fault->kind == report.fault->kind);
    CHECK(again.fault->index == report.fault->index);
    CHECK(again.fault->reason == report.fault->reason);
  }
  return report;
}

void append(const std::filesystem::path& directory, const LogKey& key,
            const std::vector<ledger::NewEntry>& entries) {
  ledger::Journal journal(journal_options(directory, key));
  REQUIRE(journal.append(entries));
}

std::vector<ledger::NewEntry> issued_range(std::uint64_t from, std::uint64_t to) {
  std::vector<ledger::NewEntry> entries;
  for (auto i = from; i < to; ++i) entries.push_back(issued(i));
  return entries;
}

// Flips the lowest bit of byte `at` of a value.
void flip(ledger::sqlite::Database& database, const std::string& table, const std::string& column,
          const std::string& where, std::size_t at, bool text) {
  ledger::sqlite::Statement select(database, "SELECT " + column + " FROM " + table + " WHERE " + where);
  REQUIRE(select.step());
  auto bytes = ledger::to_bytes(select.column_blob(0));
  select.reset();
  bytes.at(at) ^= 1;
  ledger::sqlite::Statement update(database, "UPDATE " + table + " SET " + column + " = ?1 WHERE " + where);
  text ? update.bind(1, ledger::as_text(bytes)) : update.bind(1, ledger::ByteView(bytes));
  update.run();
}

}  // namespace

TEST_CASE("an intact log of any size verifies") {
  for (const std::uint64_t size : {0, 1, 2, 3, 5, 8, 33, 1023, 1024, 1025, 2500}) {
    const test_support::TempDir dir;
    const LogKey key(kOrigin);
    append(dir.path(), key, {});
    if (size > 0) append(dir.path(), key, issued_range(0, size));
    const auto report = verify(dir.path(), key);
    INFO(size << ": " << (report.fault ? report.fault->reason : ""));
    CHECK_FALSE(report.fault);
    CHECK(report.entries == size);
    CHECK(report.checkpoint->size == size);
  }
}

TEST_CASE("old checkpoints are kept once per 1,024 sizes and verified too") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  for (std::uint64_t i = 0; i < 10; ++i) append(dir.path(), key, issued_range(300 * i, 300 * i + 300));
  const auto report = verify(dir.path(), key);
  CHECK_FALSE(report.fault);
  CHECK(report.checkpoints == 3);
}

TEST_CASE("one flipped byte anywhere is found and its index named") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  constexpr std::uint64_t kEntries = 11;
  append(dir.path(), key, issued_range(0, kEntries));
  ledger::sqlite::Database database(dir / "agent.db");
  database.exec("PRAGMA synchronous=OFF");  // thousands of small commits

  const auto check = [&](const std::string& table, const std::string& column, const std::string& where,
                         std::size_t at, bool text, LogFault::Kind kind, std::uint64_t index) {
    flip(database, table, column, where, at, text);
    const auto report = verify(dir.path(), key);
    INFO(table << " " << where << " byte " << at << ": "
               << (report.fault ? report.fault->reason : "not found"));
    REQUIRE(report.fault);
    CHECK(report.fault->kind == kind);
    CHECK(report.fault->index == index);
    flip(database, table, column, where, at, text);
  };

  SECTION("every byte of three entries") {
    for (const std::uint64_t index : {std::uint64_t{0}, std::uint64_t{6}, kEntries - 1}) {
      const auto where = "idx = " + std::to_string(index);
      const auto size = ledger::LogReader(dir / "agent.db").line(index)->size();
      for (std::size_t at = 0; at < size; ++at)
        check("ledger_entry", "line", where, at, true, LogFault::Kind::kEntry, index);
    }
  }
  SECTION("every leaf hash") {
    for (std::uint64_t index = 0; index < kEntries; ++index) {
      check("ledger_entry", "leaf", "idx = " + std::to_string(index), index, false, LogFault::Kind::kEntry,
            index);
    }
  }
  SECTION("every node") {
    for (unsigned level = 1; level <= 3; ++level) {
      for (std::uint64_t index = 0; index < kEntries >> level; ++index) {
        const auto where = "key = (" + std::to_string(level) + " << 48) + " + std::to_string(index);
        for (std::size_t at = 0; at < 32; at += 31) {
          check("ledger_node", "hash", where, at, false, LogFault::Kind::kNode, index << level);
        }
      }
    }
  }
  SECTION("every byte of the checkpoint") {
    const auto size = ledger::LogReader(dir / "agent.db").newest_checkpoint_note()->size();
    for (std::size_t at = 0; at < size; ++at) {
      check("ledger_checkpoint", "note", "size = 11", at, true, LogFault::Kind::kCheckpoint, kEntries - 1);
    }
  }
  CHECK_FALSE(verify(dir.path(), key).fault);
}

TEST_CASE("missing, added and rewritten rows are found") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  append(dir.path(), key, issued_range(0, 9));
  ledger::sqlite::Database database(dir / "agent.db");
  const auto fault_after = [&](const std::string& sql) {
    ledger::sqlite::Transaction transaction(database);
    database.exec(sql);
    return ledger::verify_log(ledger::LogReader(database), std::array{key.key()}).fault;
  };
  CHECK(fault_after("DELETE FROM ledger_entry WHERE idx = 4")->index == 4);
  CHECK(fault_after("DELETE FROM ledger_entry WHERE idx = 0")->index == 0);
  CHECK(fault_after("DELETE FROM ledger_entry WHERE idx = 8")->index == 8);
  CHECK(fault_after("DELETE FROM ledger_entry")->index == 0);
  CHECK(fault_after("DELETE FROM ledger_checkpoint")->index == 0);
  CHECK(fault_after("DELETE FROM ledger_node WHERE key = (1 << 48) + 2")->index == 4);
  CHECK(fault_after("INSERT INTO ledger_node VALUES((3 << 48) + 1, zeroblob(32))"));
  CHECK(fault_after("INSERT INTO ledger_node VALUES((9 << 48), zeroblob(32))"));
  CHECK(fault_after("INSERT INTO ledger_entry SELECT 9, leaf, line FROM ledger_entry WHERE idx = 8")->index ==
        9);
  CHECK(fault_after("UPDATE ledger_entry SET idx = 20 WHERE idx = 8")->index == 8);
  CHECK(fault_after("UPDATE ledger_checkpoint SET size = 8"));
  CHECK_FALSE(fault_after("SELECT 1"));
}

TEST_CASE("a history that is consistent in itself but not signed is found") {
  const test_support::TempDir right;
  const test_support::TempDir forged;
  const LogKey key(kOrigin);
  const LogKey rogue(kOrigin, "another key");
  append(right.path(), key, issued_range(0, 1500));
  append(forged.path(), rogue, issued_range(5000, 6500));
  CHECK(verify(forged.path(), key).fault->kind == LogFault::Kind::kCheckpoint);

  ledger::sqlite::Database database(forged / "agent.db");
  const auto note = ledger::LogReader(right / "agent.db").newest_checkpoint_note().value();
  database.exec("DELETE FROM ledger_checkpoint WHERE size < 1500");
  ledger::sqlite::Statement(database, "UPDATE ledger_checkpoint SET note = ?1").bind(1, note).run();
  const auto fault = verify(forged.path(), key).fault;
  REQUIRE(fault);
  CHECK(fault->index == 0);
  CHECK_THAT(fault->reason, Catch::Contains("not those that were signed"));
}

TEST_CASE("an entry that breaks its type's rule is void, an unknown type is only counted") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  append(dir.path(), key, {issued(0), {"bundle.issued", "{}", ""}, {"made.up", "{}", ""}, issued(1)});
  const auto report = verify(dir.path(), key);
  CHECK_FALSE(report.fault);
  CHECK(report.void_count == 1);
  REQUIRE(report.void_entries.size() == 1);
  CHECK(report.void_entries[0].index == 1);
  CHECK(report.unknown_types == 1);
}

TEST_CASE("of a long log too the first fault is reported, wherever chain and tree break") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  constexpr std::uint64_t kEntries = 5000;  // more than the second thread is handed at once, several times
  for (std::uint64_t i = 0; i < kEntries; i += 1000) append(dir.path(), key, issued_range(i, i + 1000));
  append(dir.path(), key, {{"bundle.issued", "{}", ""}, {"made.up", "{}", ""}});
  CHECK(verify(dir.path(), key).void_count == 1);
  ledger::sqlite::Database database(dir / "agent.db");
  // Another line with its own leaf hash: the chain breaks there, the tree at the first node above.
  const auto replace = [&](std::uint64_t index, const std::string& line) {
    ledger::sqlite::Statement(database, "UPDATE ledger_entry SET line = ?2, leaf = ?3 WHERE idx = ?1")
        .bind(1, static_cast<std::int64_t>(index))
        .bind(2, line)
        .bind(3, ledger::ByteView(ledger::leaf_hash(ledger::as_bytes(line))))
        .run();
  };
  replace(4000, "no entry");
  CHECK(verify(dir.path(), key).fault->index == 4000);
  CHECK(verify(dir.path(), key).checkpoints > 0);
  database.exec("UPDATE ledger_node SET hash = zeroblob(32) WHERE key = (1 << 48) + 1500");
  CHECK(verify(dir.path(), key).fault->kind == LogFault::Kind::kNode);
  replace(2999, "no entry");
  CHECK(verify(dir.path(), key).fault->index == 2999);
  CHECK(verify(dir.path(), key).fault->kind == LogFault::Kind::kEntry);
  database.exec("UPDATE ledger_entry SET leaf = zeroblob(32) WHERE idx = 2998");
  CHECK(verify(dir.path(), key).fault->index == 2998);
  database.exec("UPDATE ledger_checkpoint SET note = 'x' WHERE size = 1000");
  CHECK(verify(dir.path(), key).fault->index < 2998);
}
