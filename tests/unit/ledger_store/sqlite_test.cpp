#include "ledger-client/store/sqlite.h"

#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

using ledger::sqlite::Database;
using ledger::sqlite::Migrations;
using ledger::sqlite::Mode;
using ledger::sqlite::Savepoint;
using ledger::sqlite::SqliteError;
using ledger::sqlite::Statement;
using ledger::sqlite::Transaction;

namespace {

std::int64_t count(Database& database) {
  Statement statement(database, "SELECT count(*) FROM t");
  statement.step();
  return statement.column_int(0);
}

std::string pragma(Database& database, const std::string& name) {
  Statement statement(database, "PRAGMA " + name);
  statement.step();
  return std::string(statement.column_text(0));
}

}  // namespace

TEST_CASE("a created database is private, durable and wipes what it deletes") {
  const test_support::TempDir dir;
  Database database(dir / "a.db");
  CHECK(pragma(database, "journal_mode") == "wal");
  CHECK(pragma(database, "synchronous") == "2");
  CHECK(pragma(database, "secure_delete") == "1");
  CHECK(pragma(database, "foreign_keys") == "1");
  database.exec("CREATE TABLE t(x)");
  for (const char* name : {"a.db", "a.db-wal", "a.db-shm"}) {
    CHECK((std::filesystem::status(dir / name).permissions() & std::filesystem::perms::all) ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  }
}

TEST_CASE("values come back as they were bound") {
  const test_support::TempDir dir;
  Database database(dir / "a.db");
  database.exec("CREATE TABLE t(a, b, c, d, e)");
  const ledger::Bytes blob{0, 1, 255};
  const std::string text("a\0b", 3);
  database.cached("INSERT INTO t VALUES(?1, ?2, ?3, ?4, ?5)")
      .bind(1, std::int64_t{-5})
      .bind(2, text)
      .bind(3, ledger::ByteView(blob))
      .bind(4, std::nullopt)
      .bind(5, std::string_view())
      .run();
  auto& select = database.cached("SELECT a, b, c, d, e FROM t");
  REQUIRE(select.step());
  CHECK(select.column_int(0) == -5);
  CHECK(select.column_text(1) == text);
  CHECK(ledger::to_bytes(select.column_blob(2)) == blob);
  CHECK(select.column_null(3));
  CHECK_FALSE(select.column_null(4));
  CHECK(select.column_text(4).empty());
  CHECK_FALSE(select.step());
}

TEST_CASE("a cached statement forgets its parameters between uses") {
  const test_support::TempDir dir;
  Database database(dir / "a.db");
  database.cached("SELECT ?1").bind(1, std::int64_t{7}).step();
  auto& again = database.cached("SELECT ?1");
  REQUIRE(again.step());
  CHECK(again.column_null(0));
}

TEST_CASE("transactions and savepoints roll back unless they are finished") {
  const test_support::TempDir dir;
  Database database(dir / "a.db");
  database.exec("CREATE TABLE t(x)");
  {
    Transaction transaction(database);
    database.exec("INSERT INTO t VALUES(1)");
  }
  CHECK(count(database) == 0);
  {
    Transaction transaction(database);
    {
      Savepoint lost(database);
      database.exec("INSERT INTO t VALUES(1)");
    }
    Savepoint outer(database);
    database.exec("INSERT INTO t VALUES(2)");
    {
      Savepoint inner(database);
      database.exec("INSERT INTO t VALUES(3)");
    }
    outer.release();
    transaction.commit();
  }
  CHECK(count(database) == 1);
  CHECK_FALSE(database.in_transaction());
}

TEST_CASE("an error has SQLite's code and never quotes a bound value") {
  const test_support::TempDir dir;
  Database database(dir / "a.db");
  database.exec("CREATE TABLE t(x UNIQUE)");
  const auto insert = [&] { database.cached("INSERT INTO t VALUES(?1)").bind(1, "Anna Muster").run(); };
  insert();
  try {
    insert();
    FAIL("no error");
  } catch (const SqliteError& error) {
    CHECK(error.code() == 19);  // SQLITE_CONSTRAINT
    CHECK_FALSE(error.disk_full());
    CHECK(std::string(error.what()).find("Muster") == std::string::npos);
  }
  CHECK_THROWS_AS(database.exec("SELECT nothing FROM nowhere"), SqliteError);
  CHECK_THROWS_AS(Database(dir / "missing.db", Mode::kReadWrite), SqliteError);
}

TEST_CASE("a full disk is told from other errors") {
  const test_support::TempDir dir;
  Database database(dir / "a.db");
  database.exec("CREATE TABLE t(x); PRAGMA max_page_count=3");
  try {
    database.exec("INSERT INTO t VALUES(randomblob(100000))");
    FAIL("no error");
  } catch (const SqliteError& error) {
    CHECK(error.disk_full());
  }
}

TEST_CASE("a read-only database can't be written") {
  const test_support::TempDir dir;
  { Database(dir / "a.db").exec("CREATE TABLE t(x)"); }
  Database database(dir / "a.db", Mode::kReadOnly);
  CHECK(count(database) == 0);
  CHECK_THROWS_AS(database.exec("INSERT INTO t VALUES(1)"), SqliteError);
}

TEST_CASE("a folder that files can't be made in is named, though the database is there") {
  const test_support::TempDir dir;
  { Database(dir / "a.db").exec("CREATE TABLE t(x)"); }
  const uid_t before = ::geteuid();
  const uid_t somebody = before == 0 ? 65534 : before;
  REQUIRE(::chown(dir.path().c_str(), somebody, static_cast<gid_t>(-1)) == 0);
  REQUIRE(::chown((dir / "a.db").c_str(), somebody, static_cast<gid_t>(-1)) == 0);
  std::filesystem::permissions(dir.path(), std::filesystem::perms(0500));
  REQUIRE(::seteuid(somebody) == 0);  // root may write everywhere
  CHECK_THROWS_WITH(Database(dir / "a.db"), Catch::Contains("cannot make files in " + dir.path().string()) &&
                                                Catch::Contains("denied"));
  REQUIRE(::seteuid(before) == 0);
  std::filesystem::permissions(dir.path(), std::filesystem::perms(0700));
}

TEST_CASE("a write that fails is told with the system's reason") {
  const test_support::TempDir dir;
  Database database(dir / "a.db");
  database.exec("CREATE TABLE t(x)");
  database.checkpoint_wal();
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const rlimit none{0, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &none) == 0);
  CHECK_THROWS_WITH(database.exec("INSERT INTO t VALUES(1)"), Catch::Contains("): File too large"));
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
}

TEST_CASE("deleted bytes are gone after the WAL was truncated") {
  const test_support::TempDir dir;
  Database database(dir / "a.db");
  database.exec("CREATE TABLE t(x)");
  database.cached("INSERT INTO t VALUES(?1)").bind(1, "salt-to-be-forgotten").run();
  database.exec("DELETE FROM t");
  database.checkpoint_wal();
  for (const char* name : {"a.db", "a.db-wal"}) {
    CHECK(test_support::read_file(dir / name).find("salt-to-be-forgotten") == std::string::npos);
  }
}

TEST_CASE("migrations run once each, by component, and refuse a newer database") {
  const test_support::TempDir dir;
  Database database(dir / "a.db");
  const char* const first[] = {"CREATE TABLE t(x)"};
  const char* const both[] = {"CREATE TABLE t(x)", "INSERT INTO t VALUES(1)"};
  const char* const other[] = {"CREATE TABLE u(x)"};
  migrate(database, {"ledger", first});
  migrate(database, {"ledger", both});
  migrate(database, {"ledger", both});
  migrate(database, {"agent", other});
  CHECK(count(database) == 1);
  CHECK_THROWS_WITH(migrate(database, {"ledger", first}), Catch::Contains("newer version"));

  const char* const broken[] = {"CREATE TABLE t(x)", "INSERT INTO t VALUES(1)",
                                "INSERT INTO t VALUES(2); bad"};
  CHECK_THROWS_AS(migrate(database, {"ledger", broken}), SqliteError);
  CHECK(count(database) == 1);
}
