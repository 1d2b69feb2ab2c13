#include <catch2/catch.hpp>

#include "ledger-client/core/sha256.h"
#include "ledger-client/store/guard.h"
#include "ledger-client/store/journal.h"
#include "tests/support/test_log.h"

using ledger::AppendError;
using ledger::Guard;
using ledger::Journal;
using test_support::issued;
using test_support::journal_options;
using test_support::kOrigin;
using test_support::LogKey;

namespace fs = std::filesystem;

namespace {

void append(const fs::path& directory, const LogKey& key, std::uint64_t from, std::uint64_t to) {
  Journal journal(journal_options(directory, key));
  REQUIRE(journal.frozen().empty());
  for (auto i = from; i < to; ++i) REQUIRE(journal.append({issued(i)}));
}

void check_frozen(const fs::path& directory, const LogKey& key, const std::string& why) {
  Journal journal(journal_options(directory, key));
  CHECK_THAT(journal.frozen(), Catch::Contains(why));
  const auto size = journal.checkpoint().size;
  const auto refused = journal.append({issued(1000)});
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == AppendError::kFrozen);
  CHECK(journal.checkpoint().size == size);
}

void put(const fs::path& from, const fs::path& to) {
  fs::copy_file(from, to, fs::copy_options::overwrite_existing);
}

void change(const fs::path& directory, const std::string& sql) {
  ledger::sqlite::Database(directory / "agent.db").exec(sql);
}

}  // namespace

TEST_CASE("a journal continues after a restart") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  append(dir.path(), key, 0, 5);
  append(dir.path(), key, 5, 12);
  CHECK(Journal(journal_options(dir.path(), key)).checkpoint().size == 12);
}

TEST_CASE("a database ahead of its guard is a crash between the two, and goes on") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  append(dir.path(), key, 0, 3);
  put(dir / "guard", dir / "older");
  append(dir.path(), key, 3, 8);
  put(dir / "older", dir / "guard");
  append(dir.path(), key, 8, 9);
  CHECK(Guard(dir / "guard").read()->checkpoint.size == 9);
}

TEST_CASE("a guard ahead of its database is a rollback: nothing is signed, and what is missing is said") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  append(dir.path(), key, 0, 3);
  put(dir / "agent.db", dir / "older.db");
  append(dir.path(), key, 3, 8);
  put(dir / "older.db", dir / "agent.db");
  check_frozen(dir.path(), key, "entries 3 to 7 are missing");
  CHECK(Guard(dir / "guard").read()->checkpoint.size == 8);
}

TEST_CASE("a history that was continued differently is refused") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  append(dir.path(), key, 0, 3);
  put(dir / "agent.db", dir / "older.db");
  put(dir / "guard", dir / "older-guard");
  append(dir.path(), key, 3, 5);
  put(dir / "guard", dir / "right-guard");
  put(dir / "older.db", dir / "agent.db");
  put(dir / "older-guard", dir / "guard");
  append(dir.path(), key, 100, 104);
  put(dir / "right-guard", dir / "guard");
  check_frozen(dir.path(), key, "not those that were signed");
}

TEST_CASE("another database, another log, a lost guard") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  append(dir.path(), key, 0, 3);
  SECTION("another database of the same log") {
    fs::create_directory(dir / "other");
    append(dir / "other", key, 0, 3);
    put(dir / "other" / "agent.db", dir / "agent.db");
    check_frozen(dir.path(), key, "another database");
  }
  SECTION("another log's guard") {
    fs::create_directory(dir / "other");
    const LogKey other("ehr/10-20-0-7");
    append(dir / "other", other, 0, 3);
    put(dir / "other" / "guard", dir / "guard");
    check_frozen(dir.path(), key, "belongs to the log ehr/10-20-0-7");
  }
  SECTION("no guard any more") {
    fs::remove(dir / "guard");
    check_frozen(dir.path(), key, "put the guard file back");
  }
  SECTION("another origin is an error of the configuration") {
    const LogKey other("ehr/10-20-0-7");
    CHECK_THROWS_WITH(Journal(journal_options(dir.path(), other)),
                      Catch::Contains("belongs to the log ehr/10-20-0-5"));
  }
  SECTION("a second journal on the same files") {
    const Journal journal(journal_options(dir.path(), key));
    CHECK_THROWS_WITH(Journal(journal_options(dir.path(), key)), Catch::Contains("in use"));
  }
}

TEST_CASE("an empty database with the guard of one that signed nothing may start") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  { const Journal journal(journal_options(dir.path(), key)); }
  for (const char* name : {"agent.db", "agent.db-wal", "agent.db-shm"}) fs::remove(dir / name);
  append(dir.path(), key, 0, 1);
}

TEST_CASE("damage in the stored tree stops signing") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  append(dir.path(), key, 0, 6);
  SECTION("a node of the frontier") {
    change(dir.path(), "UPDATE ledger_node SET hash = zeroblob(32) WHERE key = (2 << 48)");
    check_frozen(dir.path(), key, "does not fit its own signed checkpoint");
  }
  SECTION("a node is gone") {
    change(dir.path(), "DELETE FROM ledger_node WHERE key = (2 << 48)");
    check_frozen(dir.path(), key, "is not stored");
  }
  SECTION("the checkpoint") {
    change(dir.path(), "UPDATE ledger_checkpoint SET note = 'x'");
    check_frozen(dir.path(), key, "checkpoint is damaged");
  }
  SECTION("the last entry") {
    change(dir.path(), "UPDATE ledger_entry SET line = 'x' WHERE idx = 5");
    check_frozen(dir.path(), key, "last entry is damaged");
  }
}

TEST_CASE("a node that changes while the journal runs is found before the next signature") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  append(dir.path(), key, 0, 4);
  Journal journal(journal_options(dir.path(), key));
  REQUIRE(journal.append({issued(4)}));
  change(dir.path(), "UPDATE ledger_node SET hash = zeroblob(32) WHERE key = (2 << 48)");
  const auto refused = journal.append({issued(5)});
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == AppendError::kFrozen);
  CHECK_THAT(journal.frozen(), Catch::Contains("differs"));
  CHECK(journal.checkpoint().size == 5);
}

TEST_CASE("a database or guard that is taken away while the journal runs takes nothing more") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  const auto options = journal_options(dir.path(), key);
  const fs::path file = GENERATE(true, false) ? options.database : options.guard;
  {
    Journal journal(options);
    REQUIRE(journal.append({issued(0)}));
    SECTION("moved") {
      fs::rename(file, dir / "elsewhere");
    }
    SECTION("removed") {
      fs::remove(file);
    }
    SECTION("replaced") {
      fs::copy_file(file, dir / "copy");
      fs::rename(dir / "copy", file);
    }
    const auto refused = journal.append({issued(1)});
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == AppendError::kFrozen);
    CHECK_THAT(journal.frozen(), Catch::StartsWith(file.filename().string() + " was moved"));
    CHECK(journal.checkpoint().size == 1);
    // Not what needs no signature either: it would be lost.
    const auto unsigned_work = journal.append({}, [](auto& database, auto) { database.exec("SELECT 1"); });
    REQUIRE_FALSE(unsigned_work);
    CHECK(unsigned_work.error() == AppendError::kFrozen);
  }
}
