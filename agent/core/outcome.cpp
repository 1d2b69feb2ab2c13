#include "agent/core/outcome.h"

#include <algorithm>
#include <array>
#include <utility>

namespace edge {

namespace {

constexpr std::array<std::pair<Code, std::string_view>, 9> kCodes{{
    {Code::kNotAvailable, "not-available"},
    {Code::kNotAMember, "not-a-member"},
    {Code::kExpired, "expired"},
    {Code::kReplayed, "replayed"},
    {Code::kBusy, "busy"},
    {Code::kTooLarge, "too-large"},
    {Code::kMalformed, "malformed"},
    {Code::kUnsupported, "unsupported"},
    {Code::kFailed, "failed"},
}};

}  // namespace

std::string_view code_text(Code code) {
  const auto* found =
      std::find_if(kCodes.begin(), kCodes.end(), [code](const auto& entry) { return entry.first == code; });
  return found == kCodes.end() ? code_text(Code::kFailed) : found->second;
}

std::optional<Code> code_from_text(std::string_view text) {
  const auto* found =
      std::find_if(kCodes.begin(), kCodes.end(), [text](const auto& entry) { return entry.second == text; });
  return found == kCodes.end() ? std::nullopt : std::optional(found->first);
}

}  // namespace edge
