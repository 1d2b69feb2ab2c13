// Byte strings, 32-byte hashes and hexadecimal: the vocabulary of every format here. Pure and thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ledger {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes to_bytes(ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}

// A SHA-256 value. Compared with ==; it is public wherever it is used, so no constant time is needed.
using Hash = std::array<std::uint8_t, 32>;

// Whether all are digits of lower-case hexadecimal. A fixed count and no branch per digit: the compiler looks
// at 16 at a time, and ledgers are full of hashes.
template <std::size_t kCount>
constexpr bool all_hex(std::span<const char, kCount> digits) {
  std::uint8_t wrong = 0;
  for (const char c : digits) {
    const auto byte = static_cast<std::uint8_t>(c);
    const auto digit = static_cast<std::uint8_t>(byte - '0'), letter = static_cast<std::uint8_t>(byte - 'a');
    wrong |= static_cast<std::uint8_t>(static_cast<std::uint8_t>(digit > 9) &
                                       static_cast<std::uint8_t>(letter > 5));
  }
  return wrong == 0;
}

// Lower-case hexadecimal, two digits a byte.
std::string to_hex(ByteView bytes);
// The bytes of lower-case hexadecimal; nothing if the length is odd or a character is anything else.
std::optional<Bytes> from_hex(std::string_view hex);
// Exactly 64 lower-case digits, or nothing.
std::optional<Hash> hash_from_hex(std::string_view hex);
// Whether hash_from_hex would give one.
bool is_hash_hex(std::string_view hex);
// Exactly 32 bytes, or nothing.
std::optional<Hash> hash_from_bytes(ByteView bytes);

}  // namespace ledger
