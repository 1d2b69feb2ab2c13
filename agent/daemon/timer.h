// Runs functions at a time, on one thread of its own: delayed refusals and periodic work. Functions must be
// short and must not throw. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

namespace edge {

class Timer {
 public:
  using Clock = std::chrono::steady_clock;
  Timer();
  ~Timer() { stop(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Waits for what runs; what is due later is dropped, now and from now on.
  void stop();
  void at(Clock::time_point when, std::function<void()> run);
  void every(std::chrono::milliseconds period, std::function<void()> run);

 private:
  void loop(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::multimap<Clock::time_point, std::function<void()>> due_;
  std::jthread thread_;
};

}  // namespace edge
