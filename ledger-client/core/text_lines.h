// The two pieces every line-based format of transparency logs shares: lines that end with LF, and decimals
// that have one spelling. Pure and thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace ledger {

// Takes one line off `text`, without its LF; nothing where there is no LF any more.
std::optional<std::string_view> take_line(std::string_view& text);

// Digits alone, no leading zero, below 2^63.
std::optional<std::uint64_t> parse_decimal(std::string_view digits);

}  // namespace ledger
