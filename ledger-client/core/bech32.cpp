#include "ledger-client/core/bech32.h"

#include <algorithm>

namespace ledger {

namespace {

constexpr std::string_view kLower = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
constexpr std::string_view kUpper = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L";
constexpr std::size_t kChecksumSymbols = 6;

bool is_upper(std::string_view prefix) {
  return std::any_of(prefix.begin(), prefix.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

// The checksum's running value, one five-bit symbol at a time.
class Checksum {
 public:
  explicit Checksum(std::string_view prefix) {
    const auto lower = [](char c) {
      return static_cast<std::uint32_t>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    };
    for (const char c : prefix) {
      add(lower(c) >> 5U);
    }
    add(0);
    for (const char c : prefix) {
      add(lower(c) & 31U);
    }
  }

  void add(std::uint32_t symbol) {
    constexpr std::uint32_t kGenerator[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
    const std::uint32_t top = value_ >> 25U;
    value_ = ((value_ & 0x1ffffffU) << 5U) ^ symbol;
    for (unsigned bit = 0; bit < 5; ++bit) {
      value_ ^= ((top >> bit) & 1U) != 0 ? kGenerator[bit] : 0;
    }
  }

  std::uint32_t value() const { return value_; }

 private:
  std::uint32_t value_ = 1;
};

}  // namespace

void bech32_encode(std::string_view prefix, ByteView data, std::span<char> out) {
  const std::string_view charset = is_upper(prefix) ? kUpper : kLower;
  Checksum checksum(prefix);
  char* at = std::copy(prefix.begin(), prefix.end(), out.data());
  *at++ = '1';
  const auto put = [&](std::uint32_t symbol) {
    checksum.add(symbol);
    *at++ = charset[symbol];
  };
  std::uint32_t waiting = 0;
  unsigned bits = 0;
  for (const std::uint8_t byte : data) {
    waiting = (waiting << 8U | byte) & 0xfffU;
    for (bits += 8; bits >= 5; bits -= 5) {
      put((waiting >> (bits - 5)) & 31U);
    }
  }
  if (bits > 0) {
    put((waiting << (5 - bits)) & 31U);
  }
  for (std::size_t i = 0; i < kChecksumSymbols; ++i) {
    checksum.add(0);
  }
  const std::uint32_t sum = checksum.value() ^ 1U;
  for (unsigned i = 0; i < kChecksumSymbols; ++i) {
    *at++ = charset[(sum >> (5 * (kChecksumSymbols - 1 - i))) & 31U];
  }
}

bool bech32_decode(std::string_view text, std::string_view prefix, std::span<std::uint8_t> data) {
  if (text.size() != bech32_size(prefix.size(), data.size()) || !text.starts_with(prefix) ||
      text[prefix.size()] != '1') {
    return false;
  }
  const std::string_view charset = is_upper(prefix) ? kUpper : kLower;
  Checksum checksum(prefix);
  const std::string_view symbols = text.substr(prefix.size() + 1);
  std::uint32_t waiting = 0;
  unsigned bits = 0;
  std::size_t filled = 0;
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    const std::size_t symbol = charset.find(symbols[i]);
    if (symbol == std::string_view::npos) {
      return false;
    }
    checksum.add(static_cast<std::uint32_t>(symbol));
    if (i + kChecksumSymbols >= symbols.size()) {
      continue;
    }
    waiting = (waiting << 5U | static_cast<std::uint32_t>(symbol)) & 0xfffU;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      data[filled++] = static_cast<std::uint8_t>(waiting >> bits);
    }
  }
  const bool padding_is_zero = (waiting & ((1U << bits) - 1)) == 0;
  return checksum.value() == 1 && padding_is_zero && bits < 5;
}

}  // namespace ledger
