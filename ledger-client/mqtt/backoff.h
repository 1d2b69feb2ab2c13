// Waiting times between attempts: doubling from a first value up to a largest one, each shortened by up to
// half at random so that the agents of a region don't return to a restarted broker in the same instant. Pure;
// the caller brings the randomness.
#pragma once

#include <algorithm>
#include <chrono>

namespace mqtt_transport {

class Backoff {
 public:
  using Milliseconds = std::chrono::milliseconds;

  Backoff(Milliseconds first, Milliseconds largest) : first_(first), largest_(largest), next_(first) {}

  // `jitter` in [0, 1]: 0 gives the whole waiting time, 1 gives half of it.
  Milliseconds next(double jitter) {
    const auto whole = next_;
    next_ = std::min(next_ * 2, largest_);
    return Milliseconds(
        static_cast<Milliseconds::rep>(static_cast<double>(whole.count()) * (1.0 - jitter / 2)));
  }
  void reset() { next_ = first_; }

 private:
  Milliseconds first_, largest_, next_;
};

}  // namespace mqtt_transport
