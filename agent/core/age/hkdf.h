// HMAC-SHA-256 (RFC 2104) and HKDF-SHA-256 (RFC 5869) with 32 bytes of output, all that age needs. Pure and
// thread-safe.
#pragma once

#include "ledger-client/core/bytes.h"

namespace edge::age {

using Key32 = std::span<std::uint8_t, 32>;

void hmac_sha256(ledger::ByteView key, ledger::ByteView message, Key32 out);
void hkdf_sha256(ledger::ByteView input_key, ledger::ByteView salt, std::string_view info, Key32 out);

}  // namespace edge::age
