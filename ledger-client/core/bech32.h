// Bech32 (BIP 173, checksum constant 1) without its length limit, as age writes keys. Pure and thread-safe;
// never allocates, so that a secret key's text stays in the caller's buffer.
#pragma once

#include "ledger-client/core/bytes.h"

namespace ledger {

// Characters of `prefix`, "1", the data and the checksum.
constexpr std::size_t bech32_size(std::size_t prefix, std::size_t data_bytes) {
  return prefix + 1 + (data_bytes * 8 + 4) / 5 + 6;
}

// Writes the text in the case of `prefix`. Precondition: out.size() == bech32_size(prefix.size(),
// data.size()).
void bech32_encode(std::string_view prefix, ByteView data, std::span<char> out);

// Reads exactly data.size() bytes; false for another prefix, another case, a wrong length, checksum or
// padding.
bool bech32_decode(std::string_view text, std::string_view prefix, std::span<std::uint8_t> data);

}  // namespace ledger
