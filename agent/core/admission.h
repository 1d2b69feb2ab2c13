// How often a peer may ask, and when it is answered: pure decisions over values. Not thread-safe where it has
// state.
#pragma once

#include <chrono>

namespace edge {

// A token bucket: `burst` at once, refilled at `per_second`.
class TokenBucket {
 public:
  TokenBucket(double per_second, double burst) : per_second_(per_second), burst_(burst), tokens_(burst) {}
  bool take(std::chrono::steady_clock::time_point now);

 private:
  double per_second_, burst_, tokens_;
  std::chrono::steady_clock::time_point last_{};
};

// When a refusal may leave: at receipt plus the smallest multiple of `quantum` after its evaluation, so that
// how long the decision took tells nothing.
std::chrono::steady_clock::time_point refusal_time(std::chrono::steady_clock::time_point received,
                                                   std::chrono::steady_clock::time_point evaluated,
                                                   std::chrono::milliseconds quantum);

// Delays of a repeated attempt: doubling from `first` to `most`; `jitter` in [0, 1) takes away up to a
// quarter, so that many agents do not knock together.
std::chrono::milliseconds retry_delay(unsigned attempt, std::chrono::milliseconds first,
                                      std::chrono::milliseconds most, double jitter);

}  // namespace edge
