// What an append is told of between its signature and its answer.
#include <catch2/catch.hpp>
#include <thread>

#include "ledger-client/store/guard.h"
#include "ledger-client/store/journal.h"
#include "ledger-client/store/log_reader.h"
#include "tests/support/test_log.h"

using ledger::AppendError;
using ledger::Journal;
using ledger::Work;
using test_support::issued;
using test_support::journal_options;
using test_support::kOrigin;
using test_support::LogKey;

namespace {

struct Told {
  std::vector<std::string> order;
  std::optional<ledger::Appended> sealed;
  std::uint64_t rows_when_sealed = 0;

  ledger::WhenSealed when_sealed(const std::filesystem::path& directory) {
    return [this, directory](const ledger::Appended& appended) {
      order.emplace_back("sealed");
      sealed = appended;
      rows_when_sealed = ledger::LogReader(directory / "agent.db").size();
    };
  }
};

}  // namespace

TEST_CASE("an append is told its place before it is durable and published") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  Told told;
  auto options = journal_options(dir.path(), key);
  options.on_signed = [&](const ledger::SignedBatch&) { told.order.emplace_back("published"); };
  Journal journal(std::move(options));
  const auto appended = journal.append({issued(0), issued(1)}, {}, Work::kNew, told.when_sealed(dir.path()));
  REQUIRE(appended);
  CHECK(told.order == std::vector<std::string>{"sealed", "published"});
  CHECK(told.rows_when_sealed == 0);  // of another connection, which sees what is committed
  REQUIRE(told.sealed);
  CHECK(told.sealed->checkpoint_note == appended->checkpoint_note);
  REQUIRE(told.sealed->entries.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(told.sealed->entries[i].index == appended->entries[i].index);
    CHECK(told.sealed->entries[i].line == appended->entries[i].line);
    CHECK(told.sealed->entries[i].inclusion == appended->entries[i].inclusion);
  }
}

TEST_CASE("what is refused is told of nothing") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  Told told;
  Journal journal(journal_options(dir.path(), key));
  REQUIRE(journal.append({issued(0)}));
  SECTION("a duplicate") {
    const auto again = journal.append({issued(0)}, {}, Work::kNew, told.when_sealed(dir.path()));
    REQUIRE_FALSE(again);
    CHECK(again.error() == AppendError::kDuplicate);
  }
  SECTION("statements that throw") {
    const auto broken = [](ledger::sqlite::Database&, std::uint64_t) { throw std::runtime_error("no"); };
    CHECK_THROWS(journal.append({issued(1)}, broken, Work::kNew, told.when_sealed(dir.path())));
  }
  SECTION("a frozen journal") {
    journal.freeze("for a test");
    CHECK_FALSE(journal.append({issued(1)}, {}, Work::kNew, told.when_sealed(dir.path())));
  }
  CHECK(told.order.empty());
}

TEST_CASE("statements alone have no place, also when nothing is signed") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  Told told;
  Journal journal(journal_options(dir.path(), key));
  SECTION("in good order") {}
  SECTION("frozen") {
    journal.freeze("for a test");
  }
  REQUIRE(journal.append({}, {}, Work::kNew, told.when_sealed(dir.path())));
  CHECK(told.order.empty());
}

TEST_CASE("rows that share the commit of an entry are answered at the commit, before the guard") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  auto options = journal_options(dir.path(), key);
  std::future<Journal::Answer> row;
  std::vector<bool> known_when_published;
  options.on_signed = [&](const ledger::SignedBatch&) {
    known_when_published.push_back(row.wait_for(std::chrono::seconds(0)) == std::future_status::ready);
  };
  Journal journal(std::move(options));
  std::promise<void> begun, go;
  const auto hold = [&](ledger::sqlite::Database&, std::uint64_t) {
    begun.set_value();
    go.get_future().wait();
  };
  std::thread before([&] { (void)journal.append({issued(0)}, hold); });
  begun.get_future().wait();
  row = journal.append_async({});  // both wait for the turn, and share the next commit
  auto entry = journal.append_async({issued(1)});
  go.set_value();
  before.join();
  REQUIRE(entry.get());
  CHECK(known_when_published == std::vector<bool>{false, true});
  const auto answer = row.get();
  REQUIRE(answer);
  CHECK(answer->checkpoint.size == 1);  // what the guard knew by then
}

TEST_CASE("a preparation that throws takes the append back") {
  const test_support::TempDir dir;
  const LogKey key(kOrigin);
  Journal journal(journal_options(dir.path(), key));
  const auto broken = [](const ledger::Appended&) { throw std::runtime_error("no"); };
  CHECK_THROWS(journal.append({issued(0)}, {}, Work::kNew, broken));
  const auto next = journal.append({issued(1)});
  REQUIRE(next);
  CHECK(next->entries.front().index == 0);
}
