// Ed25519 verification (RFC 8032). libsodium alone decides: OpenSSL accepts 165 of 914 edge cases that
// libsodium refuses, and two nodes must never disagree about one signature (formats.md 0). Signing lives in
// agent/. Pure and thread-safe.
#pragma once

#include "ledger-client/core/bytes.h"

namespace ledger {

struct PublicKey {
  std::array<std::uint8_t, 32> bytes{};
  bool operator==(const PublicKey&) const = default;
};

using Signature = std::array<std::uint8_t, 64>;

bool verify_ed25519(const PublicKey& key, ByteView message, ByteView signature);

}  // namespace ledger
