// What the programs of tests/bench share: measuring a rate, and the line that tests/bench/run reads.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>

namespace bench {

// Seconds that `work` takes.
template <class Work>
double seconds(Work&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

inline std::string per_second(double rate) {
  char text[32];
  std::snprintf(text, sizeof text, "%.0f/s", rate);
  return text;
}

inline std::string milliseconds(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f ms", seconds * 1e3);
  return text;
}

// `goal`: ">= X" or "<= X" of the ratio, or empty.
inline void report(const std::string& name, const std::string& value, const std::string& baseline,
                   double ratio, const std::string& goal) {
  std::printf("%s\t%s\t%s\t%.2f\t%s\n", name.c_str(), value.c_str(), baseline.c_str(), ratio, goal.c_str());
  std::fflush(stdout);
}

}  // namespace bench
