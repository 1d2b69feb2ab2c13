// A progress bar on standard error, drawn only where that is a terminal, a few times a second at most.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace edge::cli {

class Progress {
 public:
  Progress();
  ~Progress();  // clears the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  // `total` 0: unknown.
  void update(const std::string& what, std::uint64_t done, std::uint64_t total);
  void clear();

 private:
  bool visible_;
  bool drawn_ = false;
  std::string last_what_;
  std::chrono::steady_clock::time_point last_{};
};

// The bar itself: "receiving  [=====>    ]  52%  1.1 MiB of 2.1 MiB", at most `columns` wide.
std::string progress_line(const std::string& what, std::uint64_t done, std::uint64_t total,
                          std::size_t columns);

}  // namespace edge::cli
