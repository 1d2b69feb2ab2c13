#include "agent/core/admission.h"

#include <algorithm>

namespace edge {

using std::chrono::steady_clock;

bool TokenBucket::take(steady_clock::time_point now) {
  if (last_ != steady_clock::time_point{}) {
    const double seconds = std::chrono::duration<double>(now - last_).count();
    tokens_ = std::min(burst_, tokens_ + std::max(0.0, seconds) * per_second_);
  }
  last_ = now;
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

steady_clock::time_point refusal_time(steady_clock::time_point received, steady_clock::time_point evaluated,
                                      std::chrono::milliseconds quantum) {
  if (quantum.count() <= 0) return evaluated;
  const auto step = std::chrono::duration_cast<steady_clock::duration>(quantum);
  const auto spent = std::max(evaluated - received, steady_clock::duration::zero());
  return received + (spent / step + 1) * step;
}

std::chrono::milliseconds retry_delay(unsigned attempt, std::chrono::milliseconds first,
                                      std::chrono::milliseconds most, double jitter) {
  const unsigned doublings = std::min(attempt, 20U);
  const auto full = std::min<std::int64_t>(first.count() << doublings, most.count());
  return std::chrono::milliseconds(full -
                                   static_cast<std::int64_t>(static_cast<double>(full) * 0.25 * jitter));
}

}  // namespace edge
