// Refusals: the closed list of codes an agent answers with (wire.md, An answer), and the outcome type that
// carries them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ledger-client/core/result.h"

namespace edge {

// kNotAvailable is the only answer to an unknown patient, a missing consent and a refusal by policy.
enum class Code {
  kNotAvailable,
  kNotAMember,
  kExpired,
  kReplayed,
  kBusy,
  kTooLarge,
  kMalformed,
  kUnsupported,
  kFailed
};

std::string_view code_text(Code code);
std::optional<Code> code_from_text(std::string_view text);

// A refusal: the code a peer may see and the true reason, which only the local audit trail keeps. The reason
// never holds patient data.
struct Refusal {
  Code code = Code::kFailed;
  std::string reason;
};

template <class T>
using Outcome = ledger::Result<T, Refusal>;

}  // namespace edge
