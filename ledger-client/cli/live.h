// Commands on a live broker: every log is followed from its messages, and nothing is shown before a signed
// checkpoint vouches for it.
#pragma once

#include <cstdint>
#include <string>

#include "ledger-client/cli/options.h"

namespace ledger::cli {

struct LiveOptions {
  std::string origin;       // empty: every log
  double seconds = 0;       // stop after; 0: never
  std::uint64_t count = 0;  // stop after so many verified entries; 0: never
  std::uint64_t last = 0;   // stored logs: begin so many entries before the end
};

// Ctrl-C, SIGTERM, `seconds` and `count` end them in good order.
void tail_live(const LiveOptions& live, Options& options);
void verify_live(const LiveOptions& live, Options& options);
void show_live(const LiveOptions& live, Options& options);
// The same as tail_live on a database or directory, looked at twice a second.
void tail_stored(const LiveOptions& live, Options& options);

}  // namespace ledger::cli
