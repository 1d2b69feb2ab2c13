#include "ledger-client/store/journal.h"

#include <catch2/catch.hpp>
#include <thread>

#include "ledger-client/core/entry.h"
#include "ledger-client/store/log_reader.h"
#include "ledger-client/store/verify.h"
#include "tests/support/test_log.h"

using ledger::AppendError;
using ledger::Journal;
using test_support::issued;
using test_support::journal_options;
using test_support::kOrigin;
using test_support::LogKey;

namespace {

void require_verified(const std::filesystem::path& directory, const LogKey& key, std::uint64_t entries) {
  const ledger::LogReader reader(directory / "agent.db");
  const auto report = ledger::verify_log(reader, std::array{key.key()});
  INFO((report.fault ? report.fault->reason : ""));
  REQUIRE_FALSE(report.fault);
  REQUIRE(report.entries == entries);
  REQUIRE(report.void_count == 0);
}

std::int64_t rows(const std::filesystem::path& directory, const std::string& table) {
  ledger::sqlite::Database database(directory / "agent.db", ledger::sqlite::Mode::kReadOnly);
  ledger::sqlite::Statement count(database, "SELECT count(*) FROM " + table);
  count.step();
  return count.column_int(0);
}

}  // namespace

TEST_CASE("what append returns proves itself") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  {
    Journal journal(journal_options(dir.path(), key));
    for (std::uint64_t i = 0; i < 40; ++i) {
      const auto appended = journal.append({issued(2 * i), issued(2 * i + 1)});
      REQUIRE(appended);
      REQUIRE(appended->entries.size() == 2);
      const auto opened = ledger::open_checkpoint(appended->checkpoint_note, key.key());
      REQUIRE(opened);
      REQUIRE(opened->checkpoint == appended->checkpoint);
      REQUIRE(appended->checkpoint.size == 2 * i + 2);
      for (const auto& entry : appended->entries) {
        REQUIRE(ledger::verify_inclusion(entry.index, appended->checkpoint.size,
                                         ledger::leaf_hash(ledger::as_bytes(entry.line)), entry.inclusion,
                                         appended->checkpoint.root));
      }
      REQUIRE(journal.checkpoint() == appended->checkpoint);
      REQUIRE(journal.checkpoint_note() == appended->checkpoint_note);
    }
  }
  require_verified(dir.path(), key, 80);
}

TEST_CASE("a new journal has a signed checkpoint of size 0") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  const Journal journal(journal_options(dir.path(), key));
  const auto opened = ledger::open_checkpoint(journal.checkpoint_note(), key.key());
  REQUIRE(opened);
  CHECK(opened->checkpoint.size == 0);
  CHECK(opened->checkpoint.root == ledger::empty_root());
  CHECK(journal.frozen().empty());
}

TEST_CASE("appends from many threads share commits, all are there once, in order of their index") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  constexpr std::uint64_t kThreads = 8;
  constexpr std::uint64_t kEach = 50;
  std::uint64_t batches = 0;
  std::uint64_t next = 0;
  {
    auto options = journal_options(dir.path(), key);
    options.on_signed = [&](const ledger::SignedBatch& batch) {
      ++batches;
      REQUIRE(batch.first_index == next);
      next += batch.lines.size();
      auto frontier = ledger::Frontier::from_nodes(batch.first_index, batch.frontier_before);
      REQUIRE(frontier);
      for (const auto& line : batch.lines) frontier->append(ledger::leaf_hash(ledger::as_bytes(line)));
      REQUIRE(frontier->root() == ledger::open_checkpoint(batch.checkpoint_note, key.key())->checkpoint.root);
    };
    Journal journal(std::move(options));
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        std::vector<std::future<ledger::Result<ledger::Appended, AppendError>>> waiting;
        for (std::uint64_t i = 0; i < kEach; ++i)
          waiting.push_back(journal.append_async({issued(t * kEach + i)}));
        for (auto& future : waiting) future.get().value();
      });
    }
    for (auto& thread : threads) thread.join();
  }
  CHECK(next == kThreads * kEach);
  CHECK(batches < kThreads * kEach);
  require_verified(dir.path(), key, kThreads * kEach);
}

TEST_CASE("an append that nobody is before commits in its own thread") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  auto options = journal_options(dir.path(), key);
  std::vector<std::thread::id> committed;
  options.on_signed = [&](const auto&) { committed.push_back(std::this_thread::get_id()); };
  Journal journal(std::move(options));
  REQUIRE(journal.append({issued(1)}));
  REQUIRE(journal.append_async({issued(2)}).get());
  CHECK(committed.front() == std::this_thread::get_id());
  CHECK(committed.back() != std::this_thread::get_id());
}

TEST_CASE("appends that wait and appends that don't take turns on one log") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  constexpr std::uint64_t kThreads = 6;
  constexpr std::uint64_t kEach = 40;
  std::uint64_t next = 0;
  {
    auto options = journal_options(dir.path(), key);
    options.on_signed = [&](const ledger::SignedBatch& batch) {
      REQUIRE(batch.first_index == next);
      next += batch.lines.size();
    };
    Journal journal(std::move(options));
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (std::uint64_t i = 0; i < kEach; ++i) {
          const auto number = t * kEach + i;
          const auto appended =
              t % 3 == 0 ? journal.append_async({issued(number)}).get() : journal.append({issued(number)});
          // What came back is durable and signed, whoever committed it.
          if (!appended || journal.checkpoint().size < appended->checkpoint.size) std::abort();
        }
      });
    }
    for (auto& thread : threads) thread.join();
  }
  CHECK(next == kThreads * kEach);
  require_verified(dir.path(), key, kThreads * kEach);
}

TEST_CASE("what is in no hurry is taken along by the next commit, before what came later") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  std::uint64_t commits = 0;
  std::promise<std::uint64_t> where;
  {
    auto options = journal_options(dir.path(), key);
    options.linger = std::chrono::hours(1);
    options.on_signed = [&](const ledger::SignedBatch&) { ++commits; };
    Journal journal(std::move(options));
    journal.append_soon({issued(0)}, {}, ledger::Work::kBegun,
                        [&](auto appended) { where.set_value(appended.get()->entries.front().index); });
    const auto appended = journal.append({issued(1)});
    REQUIRE(appended);
    CHECK(appended->entries.front().index == 1);
    CHECK(where.get_future().get() == 0);
  }
  CHECK(commits == 1);
  require_verified(dir.path(), key, 2);
}

TEST_CASE("what is in no hurry is committed alone when its time is over, or when the journal stops") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  for (const bool stops : {false, true}) {
    auto options = journal_options(dir.path(), key);
    options.linger = stops ? std::chrono::milliseconds(std::chrono::hours(1)) : std::chrono::milliseconds(1);
    std::promise<bool> kept;
    auto journal = std::make_unique<Journal>(std::move(options));
    journal->append_soon({issued(stops ? 1 : 0)}, {}, ledger::Work::kBegun,
                         [&](auto appended) { kept.set_value(appended.get().ok()); });
    if (stops) journal.reset();
    CHECK(kept.get_future().get());
  }
  require_verified(dir.path(), key, 2);
}

TEST_CASE("what is in no hurry hears why it failed, and hurts nothing that shares its commit") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  auto options = journal_options(dir.path(), key);
  options.linger = std::chrono::hours(1);
  Journal journal(std::move(options));
  REQUIRE(journal.append({issued(0)}));
  std::promise<AppendError> duplicate;
  std::promise<std::string> thrown;
  journal.append_soon({issued(0)}, {}, ledger::Work::kBegun,
                      [&](auto appended) { duplicate.set_value(appended.get().error()); });
  journal.append_soon(
      {issued(1)}, [](auto&, std::uint64_t) { throw std::runtime_error("no"); }, ledger::Work::kBegun,
      [&](auto appended) {
        try {
          (void)appended.get();
          thrown.set_value("nothing");
        } catch (const std::runtime_error& fault) {
          thrown.set_value(fault.what());
        }
      });
  REQUIRE(journal.append({issued(2)}));
  CHECK(duplicate.get_future().get() == AppendError::kDuplicate);
  CHECK(thrown.get_future().get() == "no");
  CHECK(journal.checkpoint().size == 2);
}

TEST_CASE("a second entry of the same type and key is refused, with all that came along") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  Journal journal(journal_options(dir.path(), key));
  REQUIRE(journal.append({issued(1)}, [](auto& database, auto) { database.exec("CREATE TABLE t(x)"); }));
  const auto insert = [](auto& database, auto) { database.exec("INSERT INTO t VALUES(1)"); };
  const auto twice = journal.append({issued(2), issued(1)}, insert);
  REQUIRE_FALSE(twice);
  CHECK(twice.error() == AppendError::kDuplicate);
  const auto same = journal.append({issued(3), issued(3)}, insert);
  REQUIRE_FALSE(same);
  CHECK(same.error() == AppendError::kDuplicate);
  CHECK(journal.checkpoint().size == 1);
  CHECK(rows(dir.path(), "t") == 0);
  REQUIRE(journal.append({issued(2)}, insert));
  CHECK(rows(dir.path(), "t") == 1);
}

TEST_CASE("statements that throw hurt their own append alone, also within one commit") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  {
    Journal journal(journal_options(dir.path(), key));
    REQUIRE(journal.append({}, [](auto& database, auto) { database.exec("CREATE TABLE t(x)"); }));
    std::promise<void> gate;
    auto blocked = journal.append_async({issued(0)}, [&](auto&, auto) { gate.get_future().wait(); });
    auto good = journal.append_async({issued(1)},
                                     [](auto& database, auto) { database.exec("INSERT INTO t VALUES(1)"); });
    auto bad = journal.append_async({issued(2)}, [](auto& database, auto) {
      database.exec("INSERT INTO t VALUES(2)");
      throw std::domain_error("no");
    });
    auto too_large =
        journal.append_async({issued(9), {"x", "{\"a\":\"" + std::string(9000, 'a') + "\"}", ""}});
    auto after = journal.append_async({issued(3)});
    gate.set_value();
    CHECK(blocked.get());
    CHECK(good.get()->entries[0].index == 1);
    CHECK_THROWS_AS(bad.get(), std::domain_error);
    CHECK_THROWS_AS(too_large.get(), std::invalid_argument);
    CHECK(after.get()->entries[0].index == 2);
    CHECK(rows(dir.path(), "t") == 1);
  }
  require_verified(dir.path(), key, 3);
}

TEST_CASE("statements without an entry are committed and nothing is signed") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  auto options = journal_options(dir.path(), key);
  options.on_signed = [](const auto&) { FAIL("nothing was appended"); };
  Journal journal(std::move(options));
  std::uint64_t index = 99;
  const auto done = journal.append({}, [&](auto& database, auto first_index) {
    index = first_index;
    database.exec("CREATE TABLE t(x)");
  });
  REQUIRE(done);
  CHECK(done->entries.empty());
  CHECK(index == 0);
  CHECK(rows(dir.path(), "t") == 0);
}

TEST_CASE("statements that end the journal's transaction fail and leave the log whole") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  {
    Journal journal(journal_options(dir.path(), key));
    CHECK_THROWS_AS(journal.append({issued(1)}, [](auto& database, auto) { database.exec("ROLLBACK"); }),
                    std::exception);
    REQUIRE(journal.append({issued(1)}));
  }
  require_verified(dir.path(), key, 1);
}

TEST_CASE("time never decreases, whatever the clock does") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  auto now = ledger::parse_time("2026-11-22T08:00:00.000Z").value();
  const auto time_of = [](const auto& appended) {
    return ledger::parse_entry(appended->entries[0].line)->time;
  };
  const auto start = now;
  {
    auto options = journal_options(dir.path(), key);
    options.now = [&] { return now; };
    Journal journal(std::move(options));
    CHECK(time_of(journal.append({issued(1)})) == start);
    CHECK_FALSE(journal.clock_held());
    now -= std::chrono::hours(1);
    CHECK(time_of(journal.append({issued(2)})) == start);
    CHECK(journal.clock_held());
  }
  auto options = journal_options(dir.path(), key);
  options.now = [&] { return now; };
  Journal journal(std::move(options));
  CHECK(time_of(journal.append({issued(3)})) == start);
  now = start + std::chrono::seconds(1);
  CHECK(time_of(journal.append({issued(4)})) == now);
  CHECK_FALSE(journal.clock_held());
}

TEST_CASE("below the low-water mark new work is refused and begun work goes on") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  auto options = journal_options(dir.path(), key);
  options.min_free_bytes = std::uint64_t{1} << 62U;
  Journal journal(std::move(options));
  const auto refused = journal.append({issued(1)});
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == AppendError::kDiskFull);
  CHECK(journal.append({issued(1)}, {}, ledger::Work::kBegun));
}

TEST_CASE("a database that is full refuses, stays whole and goes on when there is room") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  {
    Journal journal(journal_options(dir.path(), key));
    const auto fill = [](auto& database, auto) {
      database.exec(
          "CREATE TABLE IF NOT EXISTS t(x); PRAGMA max_page_count=40; INSERT INTO t "
          "VALUES(randomblob(400000))");
    };
    const auto full = journal.append({issued(1)}, fill);
    REQUIRE_FALSE(full);
    CHECK(full.error() == AppendError::kDiskFull);
    CHECK(journal.append({}, [](auto& database, auto) { database.exec("PRAGMA max_page_count=1000000"); }));
    CHECK(journal.append({issued(1)}));
    CHECK(journal.frozen().empty());
  }
  require_verified(dir.path(), key, 1);
}
