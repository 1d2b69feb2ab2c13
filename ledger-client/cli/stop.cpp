#include "ledger-client/cli/stop.h"

#include <csignal>

namespace ledger::cli {
namespace {

volatile std::sig_atomic_t signalled = 0;  // all a signal handler may touch

void note_signal(int) {
  signalled = 1;
}

}  // namespace

Stop::Stop(double seconds, std::uint64_t count) : count_(count) {
  using Clock = std::chrono::steady_clock;
  deadline_ =
      seconds > 0
          ? Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds))
          : Clock::time_point::max();
  signalled = 0;
  std::signal(SIGINT, note_signal);
  std::signal(SIGTERM, note_signal);
}

Stop::~Stop() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

bool Stop::reached() const {
  return signalled != 0 || (count_ > 0 && entries_ >= count_) ||
         std::chrono::steady_clock::now() >= deadline_;
}

}  // namespace ledger::cli
