// The pieces of RFC 8785 that its three users share: the writer, the streaming canonicaliser and the entry
// scanner. Pure, thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace ledger {

// Every integer up to here has a double of its own.
inline constexpr std::uint64_t kMaxJsonInteger = std::uint64_t{1} << 53U;

// Order of member names by UTF-16 code units (RFC 8785, 3.2.3), on UTF-8 text.
bool json_key_less(std::string_view a, std::string_view b);

// The value of a JSON number token, if the token is well-formed, finite, and neither it nor its canonical
// text is an integer beyond 2^53. (1.5e20 is refused too: its canonical text is the integer
// 150000000000000000000, which no reader would take back.)
std::optional<double> json_number(std::string_view token);
bool has_canonical_text(double value);

// Whether the token has the form of an integer: JSON grammar, no fraction, no exponent.
bool is_json_integer(std::string_view token);

}  // namespace ledger
