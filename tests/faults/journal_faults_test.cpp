// A journal in a process of its own that is killed, or whose system calls fail, at every place there is:
// nothing that was acknowledged is lost, what is stored verifies, and the journal goes on.
#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <map>
#include <random>

#include "ledger-client/store/log_reader.h"
#include "ledger-client/store/verify.h"
#include "tests/support/process.h"
#include "tests/support/shared_data.h"
#include "tests/support/test_log.h"

namespace fs = std::filesystem;
using test_support::Process;

namespace {

constexpr int kKilled = 128 + SIGKILL;
constexpr int kUnreported = 3;  // the appender's, whose own output failed

// What may change a file, or make a change durable.
constexpr std::array kCalls{"pwrite64",  "write",  "fsync",    "fdatasync", "ftruncate",
                            "fallocate", "rename", "renameat", "renameat2", "unlink"};

std::vector<std::string> appender(const fs::path& directory, std::uint64_t first, std::uint64_t count) {
  return {EHR_JOURNAL_APPENDER, directory.string(), std::to_string(first), std::to_string(count)};
}

std::vector<std::string> under_strace(const std::string& injection, const fs::path& trace,
                                      const std::vector<std::string>& command) {
  std::string calls = "trace=";
  for (const char* call : kCalls) calls.append(call).append(",");
  calls.pop_back();
  // A build that looks for leaks can't do so while it is traced.
  std::vector<std::string> all{
      "strace", "-E", "ASAN_OPTIONS=detect_leaks=0", "-f", "-qq", "-o", trace.string(), "-e", calls};
  if (!injection.empty()) all.insert(all.end(), {"-e", "inject=" + injection});
  all.insert(all.end(), command.begin(), command.end());
  return all;
}

std::vector<std::string> lines_of(const fs::path& file) {
  std::ifstream stream(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// One more than the largest index that was acknowledged.
std::uint64_t acknowledged(const fs::path& log) {
  std::uint64_t end = 0;
  for (const auto& line : lines_of(log)) {
    if (line.starts_with("ok ")) end = std::max<std::uint64_t>(end, std::stoull(line.substr(3)) + 1);
  }
  return end;
}

// What is stored verifies, for a stranger with ehr-ledger too, and holds all that was acknowledged. The
// number of entries.
std::uint64_t require_whole(const fs::path& directory, std::uint64_t at_least) {
  const test_support::LogKey key(test_support::kOrigin);
  { const ledger::sqlite::Database recovered(directory / "agent.db", ledger::sqlite::Mode::kReadWrite); }
  const auto report = ledger::verify_log(ledger::LogReader(directory / "agent.db"), std::array{key.key()});
  INFO((report.fault ? report.fault->reason : ""));
  REQUIRE_FALSE(report.fault);
  REQUIRE(report.entries >= at_least);
  Process stranger(
      {EHR_LEDGER, "verify", "--db", (directory / "agent.db").string(), "--vkey", key.key().to_vkey()},
      directory / "verified");
  const int status = stranger.wait();
  INFO(test_support::read_file(directory / "verified"));
  REQUIRE(status == 0);
  return report.entries;
}

void require_continues(const fs::path& directory, const fs::path& log, std::uint64_t number) {
  Process next(appender(directory, number, 1), log);
  INFO(test_support::read_file(log));
  REQUIRE(next.wait() == 0);
  REQUIRE(lines_of(log).back().starts_with("ok "));
}

// A directory with a few entries, copied for each try.
class Prepared {
 public:
  Prepared() {
    fs::create_directory(base_ / "base");
    Process first(appender(base_ / "base", 0, 3), base_ / "log");
    REQUIRE(first.wait() == 0);
  }
  fs::path fresh() {
    const auto copy = base_ / ("try" + std::to_string(++tries_));
    fs::copy(base_ / "base", copy, fs::copy_options::recursive);
    return copy;
  }

 private:
  test_support::TempDir base_;
  int tries_ = 0;
};

// How often opening the journal, one append and closing it call each of the system calls.
std::map<std::string, int> count_calls(Prepared& prepared) {
  const auto directory = prepared.fresh();
  Process traced(under_strace("", directory / "trace", appender(directory, 3, 1)), directory / "log");
  REQUIRE(traced.wait() == 0);
  std::map<std::string, int> counts;
  for (const auto& line : lines_of(directory / "trace")) {
    for (const std::string call : kCalls) {
      if (line.find(" " + call + "(") != std::string::npos) ++counts[call];
    }
  }
  REQUIRE(counts["pwrite64"] > 3);
  REQUIRE(counts["fdatasync"] > 1);
  return counts;
}

}  // namespace

TEST_CASE("a journal killed again and again loses nothing it acknowledged") {
  const test_support::TempDir dir;
  const auto seed = std::random_device{}();
  std::mt19937 random(seed);
  INFO("seed " << seed);
  const auto log = dir / "log";
  std::uint64_t number = 0;
  for (int round = 0; round < 8; ++round) {
    const auto before = lines_of(log).size();
    const auto wanted = before + std::uniform_int_distribution<std::size_t>(1, 40)(random);
    Process running(appender(dir.path(), number, 100000), log);
    while (running.running() && lines_of(log).size() < wanted) std::this_thread::yield();
    running.signal(SIGKILL);
    REQUIRE(running.wait() == kKilled);
    number += 100000;
    require_whole(dir.path(), acknowledged(log));
  }
  require_continues(dir.path(), log, number);
}

TEST_CASE("killed at each write and sync of an append, the journal is whole and goes on") {
  Prepared prepared;
  for (const auto& [call, count] : count_calls(prepared)) {
    for (int when = 1; when <= count; ++when) {
      const auto directory = prepared.fresh();
      const auto injection = call + ":signal=KILL:when=" + std::to_string(when);
      INFO(injection);
      Process killed(under_strace(injection, directory / "trace", appender(directory, 3, 1)),
                     directory / "log");
      const auto status = killed.wait();
      // The order of calls of two threads may differ from run to run: the last ones may not be reached.
      REQUIRE((status == kKilled || status == 0));
      const auto entries =
          require_whole(directory, std::max<std::uint64_t>(3, acknowledged(directory / "log")));
      REQUIRE(entries <= 4);
      require_continues(directory, directory / "log", 10);
      fs::remove_all(directory);
    }
  }
}

TEST_CASE("a write or sync that fails leaves the journal whole, and says what is not certain") {
  Prepared prepared;
  const auto counts = count_calls(prepared);
  for (const std::string error : {"ENOSPC", "EIO"}) {
    for (const auto& [call, count] : counts) {
      for (int when = 1; when <= count; ++when) {
        const auto directory = prepared.fresh();
        const auto injection = call + ":error=" + error + ":when=" + std::to_string(when);
        INFO(injection);
        Process failing(under_strace(injection, directory / "trace", appender(directory, 3, 1)),
                        directory / "log");
        const auto status = failing.wait();
        INFO(test_support::read_file(directory / "log"));
        REQUIRE((status == 0 || status == 1 || (call == "write" && status == kUnreported)));
        require_whole(directory, std::max<std::uint64_t>(3, acknowledged(directory / "log")));
        require_continues(directory, directory / "log", 10);
        fs::remove_all(directory);
      }
    }
  }
}

TEST_CASE("a disk that is full refuses, and the same journal goes on when there is room") {
  const test_support::TempDir dir;
  auto command = appender(dir.path(), 0, 400);
  command.emplace_back("200000");
  Process limited(command, dir / "log");
  REQUIRE(limited.wait() == 0);
  std::uint64_t full = 0;
  std::uint64_t appended = 0;
  for (const auto& line : lines_of(dir / "log")) {
    INFO(line);
    REQUIRE((line == "full" || line.starts_with("ok ")));
    ++(line == "full" ? full : appended);
  }
  CHECK(full == 1);
  CHECK(appended == 399);
  CHECK(require_whole(dir.path(), 399) == 399);
}
