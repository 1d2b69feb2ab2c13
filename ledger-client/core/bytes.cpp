#include "ledger-client/core/bytes.h"

#include <algorithm>

namespace ledger {

namespace {
constexpr std::string_view kDigits = "0123456789abcdef";

constexpr std::uint8_t kNoDigit = 0xff;

constexpr std::array<std::uint8_t, 256> make_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::size_t i = 0; i < kDigits.size(); ++i)
    values[static_cast<std::uint8_t>(kDigits[i])] = static_cast<std::uint8_t>(i);
  return values;
}
constexpr std::array<std::uint8_t, 256> kValues = make_values();

// Fills `bytes` from twice as many digits; false if a character is none. Without a branch per digit: entries
// are full of hashes.
bool decode(std::string_view hex, std::span<std::uint8_t> bytes) {
  unsigned seen = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::uint8_t high = kValues[static_cast<std::uint8_t>(hex[2 * i])];
    const std::uint8_t low = kValues[static_cast<std::uint8_t>(hex[2 * i + 1])];
    seen |= static_cast<unsigned>(high) | low;
    bytes[i] = static_cast<std::uint8_t>(high << 4U | low);
  }
  return seen < 16;
}
}  // namespace

std::string to_hex(ByteView bytes) {
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    hex.push_back(kDigits[byte >> 4U]);
    hex.push_back(kDigits[byte & 0x0fU]);
  }
  return hex;
}

std::optional<Bytes> from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  Bytes bytes(hex.size() / 2);
  if (!decode(hex, bytes)) return std::nullopt;
  return bytes;
}

std::optional<Hash> hash_from_hex(std::string_view hex) {
  Hash hash;
  if (hex.size() != 2 * hash.size() || !decode(hex, hash)) return std::nullopt;
  return hash;
}

bool is_hash_hex(std::string_view hex) {
  constexpr std::size_t kDigitsOfHash = 2 * sizeof(Hash);
  if (hex.size() != kDigitsOfHash) return false;
  // A fixed count and no branch: the compiler looks at 16 digits at a time.
  std::uint8_t wrong = 0;
  for (std::size_t i = 0; i < kDigitsOfHash; ++i) {
    const auto c = static_cast<std::uint8_t>(hex[i]);
    const auto digit = static_cast<std::uint8_t>(c - '0'), letter = static_cast<std::uint8_t>(c - 'a');
    wrong |= static_cast<std::uint8_t>(static_cast<std::uint8_t>(digit > 9) &
                                       static_cast<std::uint8_t>(letter > 5));
  }
  return wrong == 0;
}

std::optional<Hash> hash_from_bytes(ByteView bytes) {
  Hash hash;
  if (bytes.size() != hash.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), hash.begin());
  return hash;
}

}  // namespace ledger
