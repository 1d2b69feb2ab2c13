#include "agent/daemon/timer.h"

namespace edge {

Timer::Timer() : thread_([this](const std::stop_token& stop) { loop(stop); }) {}

void Timer::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Timer::at(Clock::time_point when, std::function<void()> run) {
  {
    const std::lock_guard lock(mutex_);
    due_.emplace(when, std::move(run));
  }
  changed_.notify_one();
}

void Timer::every(std::chrono::milliseconds period, std::function<void()> run) {
  at(Clock::now() + period, [this, period, run = std::move(run)] {
    run();
    every(period, run);
  });
}

void Timer::loop(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (due_.empty()) {
      changed_.wait(lock, stop, [this] { return !due_.empty(); });
      continue;
    }
    const auto next = due_.begin()->first;
    if (next > Clock::now()) {
      changed_.wait_until(lock, stop, next,
                          [this, next] { return !due_.empty() && due_.begin()->first < next; });
      continue;
    }
    const auto run = std::move(due_.begin()->second);
    due_.erase(due_.begin());
    lock.unlock();
    run();
    lock.lock();
  }
}

}  // namespace edge
