// A replica whose file was damaged: what is found at opening, what by verification, and how it heals.
#include <catch2/catch.hpp>
#include <fstream>

#include "ledger-client/store/replica.h"
#include "ledger-client/store/verify.h"
#include "tests/support/test_history.h"

using ledger::Replica;
using Kind = ledger::ReplicaRefusal::Kind;
using test_support::History;
using test_support::kOrigin;
using test_support::LogKey;

namespace {

constexpr std::uint64_t kEntries = 2500;

// A replica of 2,500 entries with stored checkpoints of 1,000, 2,000 and 2,500.
struct Damaged {
  test_support::TempDir dir;
  LogKey key{kOrigin};
  std::array<ledger::NoteKey, 1> keys{key.key()};
  History log{key};
  std::filesystem::path file = dir / "replica.db";

  Damaged() {
    log.add(kEntries);
    Replica replica(file, kOrigin);
    for (const auto& [from, to] : {std::pair{0, 1000}, {1000, 2000}, {2000, 2500}}) {
      REQUIRE(replica.append(log.batch(from, to), keys));
    }
  }

  void sql(const std::string& statement) {
    ledger::sqlite::Database database(file);
    database.exec(statement);
  }

  void heal(Replica& replica) {
    REQUIRE(replica.append(log.batch(replica.size(), kEntries), keys));
    CHECK(replica.root() == log.root(kEntries));
    CHECK_FALSE(replica.first_damage(keys));
  }
};

}  // namespace

TEST_CASE_METHOD(Damaged, "a damaged tail is cut off at opening, back to a checkpoint that fits") {
  std::uint64_t left = 2000;
  SECTION("the last entry is gone") {
    sql("DELETE FROM ledger_entry WHERE idx = 2499");
  }
  SECTION("many entries are gone") {
    sql("DELETE FROM ledger_entry WHERE idx >= 2100");
  }
  SECTION("the last entry has another byte") {
    sql("UPDATE ledger_entry SET line = replace(line, 'TREAT', 'TRAIT') WHERE idx = 2499");
  }
  SECTION("the last leaf hash") {
    sql("UPDATE ledger_entry SET leaf = zeroblob(32) WHERE idx = 2499");
  }
  SECTION("a node of the frontier") {
    sql("UPDATE ledger_node SET hash = zeroblob(32) WHERE key = (8 << 48) + 8");
  }
  SECTION("a node of the frontier is gone") {
    sql("DELETE FROM ledger_node WHERE key = (8 << 48) + 8");
  }
  SECTION("the checkpoint") {
    sql("UPDATE ledger_checkpoint SET note = 'x' || note WHERE size = 2500");
  }
  SECTION("the checkpoint is gone") {
    sql("DELETE FROM ledger_checkpoint WHERE size = 2500");
  }
  SECTION("down to the first") {
    sql("DELETE FROM ledger_checkpoint WHERE size >= 2000");
    left = 1000;
  }
  SECTION("no checkpoint is left") {
    sql("DELETE FROM ledger_checkpoint");
    left = 0;
  }
  SECTION("the largest node") {
    sql("DELETE FROM ledger_node WHERE key >= (9 << 48)");
    left = 0;
  }
  Replica replica(file, kOrigin);
  CHECK(replica.size() == left);
  CHECK(replica.root() == log.root(left));
  CHECK_THAT(replica.repaired(), Catch::Contains("cut back from") && Catch::Contains(std::to_string(left)));
  CHECK(replica.newest_note() == log.note(kEntries));
  heal(replica);
}

TEST_CASE_METHOD(Damaged, "damage in the middle is found, cut away and fetched again") {
  std::uint64_t index = 0, left = 0;
  SECTION("an entry") {
    sql("UPDATE ledger_entry SET line = replace(line, 'TREAT', 'TRAIT') WHERE idx = 1500");
    index = 1500;
    left = 1000;
  }
  SECTION("a leaf hash") {
    sql("UPDATE ledger_entry SET leaf = zeroblob(32) WHERE idx = 2200");
    index = 2200;
    left = 2000;
  }
  SECTION("an entry is gone") {
    sql("DELETE FROM ledger_entry WHERE idx = 3");
    index = 3;
  }
  SECTION("a node") {
    sql("UPDATE ledger_node SET hash = zeroblob(32) WHERE key = (2 << 48) + 300");
    index = 1200;
    left = 1000;
  }
  SECTION("a checkpoint's root") {
    // A note of another tree under this size.
    ledger::sqlite::Database(file)
        .cached("UPDATE ledger_checkpoint SET note = ?1 WHERE size = 2000")
        .bind(1, History(key).add(2000, 1).note(2000))
        .run();
    index = 1000;
    left = 1000;
  }
  SECTION("a checkpoint's signature") {
    auto note = log.note(2000);
    note[note.size() - 10] ^= 1;
    ledger::sqlite::Database(file)
        .cached("UPDATE ledger_checkpoint SET note = ?1 WHERE size = 2000")
        .bind(1, note)
        .run();
    index = 1999;
    left = 1000;
  }
  Replica replica(file, kOrigin);
  CHECK(replica.repaired().empty());
  REQUIRE(replica.size() == kEntries);
  REQUIRE(replica.first_damage(keys) == index);
  replica.cut(index);
  CHECK(replica.size() == left);
  CHECK_FALSE(replica.first_damage(keys));
  heal(replica);
}

TEST_CASE_METHOD(Damaged, "damage here is not taken for a lie there") {
  SECTION("a node of an older root") {
    sql("UPDATE ledger_node SET hash = zeroblob(32) WHERE key = (2 << 48) + 300");
    Replica replica(file, kOrigin);
    const auto result = replica.take_checkpoint(log.note(1204), keys);
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == Kind::kRefused);
    CHECK_THAT(result.error().reason, Catch::Contains("damaged at entry 1200"));
  }
  SECTION("an entry in an overlap") {
    sql("UPDATE ledger_entry SET line = replace(line, 'TREAT', 'TRAIT') WHERE idx = 2100");
    Replica replica(file, kOrigin);
    log.add(10);
    const auto result = replica.append(log.batch(2050, 2510), keys);
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == Kind::kRefused);
    CHECK_THAT(result.error().reason, Catch::Contains("damaged at entry 2100"));
  }
  SECTION("the newest checkpoint") {
    sql("UPDATE replica_note SET note = replace(note, char(10) || '2500' || char(10), char(10) || '2510' || "
        "char(10))");
    Replica replica(file, kOrigin);
    log.add(10);
    CHECK(replica.append(log.batch(2500, 2510), keys));
    CHECK(replica.newest_note() == log.note(2510));
  }
}

TEST_CASE_METHOD(Damaged, "a file that is no database any more is set aside") {
  std::fstream(file, std::ios::in | std::ios::out | std::ios::binary) << "this is not a database at all";
  std::filesystem::remove(file.string() + "-wal");
  Replica replica(file, kOrigin);
  CHECK_THAT(replica.repaired(), Catch::Contains("set aside"));
  CHECK(std::filesystem::exists(file.string() + ".damaged"));
  CHECK(replica.size() == 0);
  heal(replica);
}

TEST_CASE_METHOD(Damaged, "only a replica of this log is opened") {
  CHECK_THROWS_WITH(Replica(file, "ehr/10-20-0-9"), Catch::Contains("holds the log ehr/10-20-0-5"));
  { ledger::Journal journal(test_support::journal_options(dir.path(), key)); }
  CHECK_THROWS_WITH(Replica(dir / "agent.db", kOrigin), Catch::Contains("belongs to an agent"));
}
