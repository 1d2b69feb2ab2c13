// A passphrase from the terminal or from an open descriptor: never an argument, never the environment, which
// other processes can read.
#pragma once

#include <optional>

#include "agent/core/secret.h"

namespace edge::cli {

inline constexpr std::size_t kMinPassphrase = 12;  // of a new one, bytes

// From `descriptor` up to its end or the first line feed, else typed at /dev/tty without echo. A new one is
// typed twice and has a least length. Throws Failure.
Secret read_passphrase(const std::optional<int>& descriptor, bool fresh);

}  // namespace edge::cli
