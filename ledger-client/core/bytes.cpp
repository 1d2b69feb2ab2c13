#include "ledger-client/core/bytes.h"

#include <algorithm>

namespace ledger {

namespace {
constexpr std::string_view kDigits = "0123456789abcdef";
constexpr std::size_t kHashDigits = 2 * sizeof(Hash);

constexpr std::uint8_t kNoDigit = 0xff;

constexpr std::array<std::uint8_t, 256> make_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::size_t i = 0; i < kDigits.size(); ++i)
    values[static_cast<std::uint8_t>(kDigits[i])] = static_cast<std::uint8_t>(i);
  return values;
}
constexpr std::array<std::uint8_t, 256> kValues = make_values();

// Fills `bytes` from twice as many digits; false if a character is none.
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
  if (!is_hash_hex(hex)) return std::nullopt;
  std::array<std::uint8_t, kHashDigits> values;
  for (std::size_t i = 0; i < kHashDigits; ++i) {
    const auto digit = static_cast<std::uint8_t>(hex[i]);
    values[i] = static_cast<std::uint8_t>((digit & 0x0fU) + (digit >> 6U) * 9U);  // letters have bit 6
  }
  Hash hash;
  for (std::size_t i = 0; i < hash.size(); ++i)
    hash[i] = static_cast<std::uint8_t>(values[2 * i] << 4U | values[2 * i + 1]);
  return hash;
}

bool is_hash_hex(std::string_view hex) {
  return hex.size() == kHashDigits && all_hex(std::span<const char, kHashDigits>(hex.data(), kHashDigits));
}

std::optional<Hash> hash_from_bytes(ByteView bytes) {
  Hash hash;
  if (bytes.size() != hash.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), hash.begin());
  return hash;
}

}  // namespace ledger
