// When a following command ends: Ctrl-C or SIGTERM, a deadline, or enough entries.
#pragma once

#include <chrono>
#include <cstdint>

namespace ledger::cli {

class Stop {
 public:
  // Catches SIGINT and SIGTERM for its lifetime. One at a time. `seconds` and `count` 0: no such limit.
  Stop(double seconds, std::uint64_t count);
  ~Stop();
  Stop(const Stop&) = delete;
  Stop& operator=(const Stop&) = delete;

  bool reached() const;
  void count_entry() { ++entries_; }

 private:
  std::chrono::steady_clock::time_point deadline_;
  std::uint64_t count_;
  std::uint64_t entries_ = 0;
};

}  // namespace ledger::cli
