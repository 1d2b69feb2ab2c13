// The ledger against the disk and the hash function: group commit against single commits of bare SQLite,
// verification against a walk that only reads and hashes.
#include <deque>
#include <stdexcept>

#include "ledger-client/core/merkle.h"
#include "ledger-client/store/log_reader.h"
#include "ledger-client/store/verify.h"
#include "tests/bench/report.h"
#include "tests/support/test_log.h"

namespace {

constexpr std::uint64_t kSingleCommits = 3000;
constexpr std::uint64_t kAppends = 60000;
constexpr std::size_t kOutstanding = 256;
constexpr std::uint64_t kVerified = 300000;
constexpr std::uint64_t kPerAppend = 2000;

// One row a transaction, as durable as the journal's, without a guard.
double bare_commit_rate() {
  const test_support::TempDir dir;
  ledger::sqlite::Database database(dir / "bare.db");
  database.exec("CREATE TABLE t(id INTEGER PRIMARY KEY, line TEXT)");
  const std::string line(500, 'x');
  const auto took = bench::seconds([&] {
    for (std::uint64_t i = 0; i < kSingleCommits; ++i) {
      ledger::sqlite::Transaction transaction(database);
      database.cached("INSERT INTO t(line) VALUES(?1)").bind(1, line).run();
      transaction.commit();
    }
  });
  return static_cast<double>(kSingleCommits) / took;
}

std::vector<ledger::NewEntry> entries(std::uint64_t from, std::uint64_t count) {
  std::vector<ledger::NewEntry> made;
  for (auto i = from; i < from + count; ++i) made.push_back(test_support::issued(i));
  return made;
}

double append_rate(std::size_t outstanding, std::uint64_t count) {
  const test_support::TempDir dir;
  const test_support::LogKey key(test_support::kOrigin);
  ledger::Journal journal(test_support::journal_options(dir.path(), key));
  auto made = entries(0, count);
  std::deque<std::future<ledger::Result<ledger::Appended, ledger::AppendError>>> waiting;
  const auto take_one = [&] {
    if (!waiting.front().get()) throw std::runtime_error("an append was refused");
    waiting.pop_front();
  };
  const auto took = bench::seconds([&] {
    for (auto& entry : made) {
      if (waiting.size() == outstanding) take_one();
      waiting.push_back(journal.append_async({std::move(entry)}));
    }
    while (!waiting.empty()) take_one();
  });
  return static_cast<double>(count) / took;
}

void compare_verification() {
  const test_support::TempDir dir;
  const test_support::LogKey key(test_support::kOrigin);
  {
    ledger::Journal journal(test_support::journal_options(dir.path(), key));
    for (std::uint64_t i = 0; i < kVerified; i += kPerAppend) {
      if (!journal.append(entries(i, kPerAppend))) throw std::runtime_error("an append was refused");
    }
  }
  const auto bare = [&] {
    ledger::sqlite::Database database(dir / "agent.db", ledger::sqlite::Mode::kReadOnly);
    ledger::sqlite::Statement select(database, "SELECT line FROM ledger_entry ORDER BY idx");
    std::uint8_t mixed = 0;  // so that no hash can be left out
    while (select.step()) mixed ^= ledger::leaf_hash(ledger::as_bytes(select.column_text(0)))[0];
    std::fprintf(stderr, "walked, %d\n", mixed);
  };
  const auto verify = [&] {
    const auto report = ledger::verify_log(ledger::LogReader(dir / "agent.db"), std::array{key.key()});
    if (report.fault || report.void_count > 0 || report.entries != kVerified)
      throw std::runtime_error("the log is bad");
  };
  bare();  // warms the page cache
  const auto bare_rate = kVerified / bench::seconds(bare);
  const auto rate = kVerified / bench::seconds(verify);
  bench::report("ledger: verify / walk and hash", bench::per_second(rate), bench::per_second(bare_rate),
                rate / bare_rate, ">= 0.25");
}

}  // namespace

int main() {
  const auto bare = bare_commit_rate();
  const auto grouped = append_rate(kOutstanding, kAppends);
  bench::report("ledger: 256 outstanding appends / bare commits", bench::per_second(grouped),
                bench::per_second(bare), grouped / bare, ">= 10");
  const auto single = append_rate(1, kSingleCommits);
  bench::report("ledger: one append after the other / bare commits", bench::per_second(single),
                bench::per_second(bare), single / bare, "");
  compare_verification();
}
