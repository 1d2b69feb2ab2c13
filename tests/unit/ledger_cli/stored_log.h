// A log on disk, and ehr-ledger run on it.
#pragma once

#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "ledger-client/cli/commands.h"
#include "tests/support/test_log.h"

namespace test_support {

struct Output {
  int status = 0;
  std::string out, err;
  nlohmann::json json() const { return nlohmann::json::parse(out); }
};

inline Output ledger_tool(const std::vector<std::string>& arguments) {
  std::ostringstream out;
  std::ostringstream err;
  const int status = ledger::cli::run(arguments, out, err);
  return {status, out.str(), err.str()};
}

inline void write_file(const std::filesystem::path& file, const std::string& content) {
  std::ofstream(file, std::ios::binary) << content;
}

// While it lives, no file grows beyond so many bytes, as on a full disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    REQUIRE(getrlimit(RLIMIT_FSIZE, &before_) == 0);
    signal_before_ = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit full{bytes, before_.rlim_max};
    REQUIRE(setrlimit(RLIMIT_FSIZE, &full) == 0);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, signal_before_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
  void (*signal_before_)(int) = SIG_DFL;
};

// A log of `size` entries on disk, and how to name it and its key.
struct StoredLog {
  explicit StoredLog(std::uint64_t size = 20) {
    ledger::Journal journal(journal_options(dir.path(), key));
    std::vector<ledger::NewEntry> entries;
    for (std::uint64_t i = 0; i < size; ++i) entries.push_back(issued(i));
    REQUIRE(journal.append(entries));
  }

  Output operator()(std::vector<std::string> arguments, bool trust = true, bool source = true) const {
    if (source) arguments.insert(arguments.end(), {"--db", (dir / "agent.db").string()});
    if (trust) arguments.insert(arguments.end(), {"--vkey", key.key().to_vkey()});
    return ledger_tool(arguments);
  }

  void change(const std::string& sql) const { ledger::sqlite::Database(dir / "agent.db").exec(sql); }

  TempDir dir;
  LogKey key{kOrigin};
};

}  // namespace test_support
