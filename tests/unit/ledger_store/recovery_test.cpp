// A journal takes back what others kept of its log.
#include <catch2/catch.hpp>

#include "ledger-client/store/journal.h"
#include "ledger-client/store/verify.h"
#include "tests/support/test_history.h"
#include "tests/support/test_log.h"

using ledger::AppendError;
using ledger::Journal;
using test_support::issued;
using test_support::journal_options;
using test_support::kOrigin;
using test_support::LogKey;

namespace fs = std::filesystem;

namespace {

struct Fixture {
  test_support::TempDir dir;
  LogKey key{kOrigin};

  void append(std::uint64_t from, std::uint64_t to) {
    Journal journal(journal_options(dir.path(), key));
    for (auto i = from; i < to; ++i) REQUIRE(journal.append({issued(i)}));
  }
  void keep(const std::string& name) {
    fs::copy_file(dir / name, dir / ("kept." + name), fs::copy_options::overwrite_existing);
  }
  void put_back(const std::string& name) {
    for (const char* suffix : {"-wal", "-shm"}) fs::remove((dir / name).string() + suffix);
    fs::copy_file(dir / ("kept." + name), dir / name, fs::copy_options::overwrite_existing);
  }
  // What a peer holds: a copy of the database as it is now.
  fs::path replica() {
    fs::copy_file(dir / "agent.db", dir / "replica.db", fs::copy_options::overwrite_existing);
    return dir / "replica.db";
  }
  void check_whole(std::uint64_t size) {
    const auto report = ledger::verify_log(ledger::LogReader(dir / "agent.db"), std::array{key.key()});
    CHECK_FALSE(report.fault);
    CHECK(report.entries == size);
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture,
                 "a rolled back journal takes its entries back, and never issues one of them again") {
  append(0, 5);
  keep("agent.db");
  append(5, 1'200);
  const auto copy = replica();
  put_back("agent.db");
  Journal journal(journal_options(dir.path(), key));
  REQUIRE_FALSE(journal.frozen().empty());
  const auto restored = journal.recover(ledger::LogReader(copy), key.key());
  REQUIRE(restored);
  CHECK(restored->kept == 5);
  CHECK(restored->fetched == 1'195);
  CHECK(journal.frozen().empty());
  CHECK(journal.checkpoint().size == 1'200);
  const auto again = journal.append({issued(700)});
  REQUIRE_FALSE(again);
  CHECK(again.error() == AppendError::kDuplicate);
  REQUIRE(journal.append({issued(1'200)}));
  check_whole(1'201);
}

TEST_CASE_METHOD(Fixture, "a damaged entry is replaced by the copy's, with all that follow") {
  append(0, 40);
  const auto copy = replica();
  ledger::sqlite::Database(dir / "agent.db")
      .exec("UPDATE ledger_entry SET line = replace(line, 'bundle', 'bumble') WHERE idx = 17");
  Journal journal(journal_options(dir.path(), key));
  const auto restored = journal.recover(ledger::LogReader(copy), key.key());
  REQUIRE(restored);
  CHECK(restored->kept == 17);
  REQUIRE(journal.append({issued(40)}));
  check_whole(41);
}

TEST_CASE_METHOD(Fixture, "a lost guard is written anew when the copy knows no more") {
  append(0, 9);
  const auto copy = replica();
  append(9, 12);  // the copy is behind: what is here counts
  fs::remove(dir / "guard");
  Journal journal(journal_options(dir.path(), key));
  REQUIRE_FALSE(journal.frozen().empty());
  REQUIRE(journal.recover(ledger::LogReader(copy), key.key()));
  CHECK(journal.checkpoint().size == 12);
  REQUIRE(journal.append({issued(12)}));
  check_whole(13);
}

TEST_CASE_METHOD(Fixture, "entries that are nowhere stop a recovery, and nothing is changed") {
  append(0, 3);
  keep("agent.db");
  append(3, 6);
  const auto copy = replica();
  append(6, 8);
  put_back("agent.db");
  Journal journal(journal_options(dir.path(), key));
  const auto restored = journal.recover(ledger::LogReader(copy), key.key());
  REQUIRE_FALSE(restored);
  CHECK_THAT(restored.error().reason, Catch::Contains("entries 6 to 7") && Catch::Contains("nowhere") &&
                                          Catch::Contains("ledger retire"));
  CHECK(journal.checkpoint().size == 3);
  CHECK_FALSE(journal.frozen().empty());
}

TEST_CASE_METHOD(Fixture, "two histories are not mended") {
  append(0, 3);
  keep("agent.db");
  keep("guard");
  append(3, 6);
  const auto copy = replica();
  put_back("agent.db");
  put_back("guard");  // the guard came back with the database, and nobody was asked
  Journal journal(journal_options(dir.path(), key));
  REQUIRE(journal.append({issued(900)}));
  const auto restored = journal.recover(ledger::LogReader(copy), key.key());
  REQUIRE_FALSE(restored);
  CHECK_THAT(restored.error().reason, Catch::Contains("two histories"));
}

TEST_CASE_METHOD(Fixture, "a held journal signs nothing before it is released, but commits statements") {
  auto options = journal_options(dir.path(), key);
  options.hold = true;
  std::vector<std::string> told;
  options.on_frozen = [&](const std::string& why) { told.push_back(why); };
  Journal journal(std::move(options));
  const auto refused = journal.append({issued(0)});
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == AppendError::kFrozen);
  CHECK(journal.append({}, [](ledger::sqlite::Database& database, std::uint64_t) {
    database.exec("CREATE TABLE of_the_caller(x INTEGER)");
  }));
  journal.release();
  CHECK(journal.append({issued(0)}));
  journal.freeze("somebody remembers more");
  CHECK_FALSE(journal.append({issued(1)}));
  journal.freeze("and for another reason");
  CHECK(journal.frozen() == "somebody remembers more");
  CHECK(told == std::vector<std::string>{"somebody remembers more"});
}

TEST_CASE_METHOD(Fixture, "what is handed over for publication is the journal's newest checkpoint already") {
  Journal* journal = nullptr;
  std::string told, known;
  auto options = journal_options(dir.path(), key);
  options.on_signed = [&](const ledger::SignedBatch& batch) {
    told = batch.checkpoint_note;
    known = journal->checkpoint_note();
  };
  Journal made(std::move(options));
  journal = &made;
  REQUIRE(made.append({issued(0)}));
  CHECK_FALSE(told.empty());
  CHECK(known == told);
}
