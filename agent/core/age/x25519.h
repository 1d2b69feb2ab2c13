// X25519 (RFC 7748) by libsodium. Pure and thread-safe.
#pragma once

#include "ledger-client/core/bytes.h"

namespace edge::age {

using PointView = std::span<const std::uint8_t, 32>;

// False if the result is all zero (the point has low order): then `out` must not be used.
[[nodiscard]] bool x25519(PointView scalar, PointView point, std::span<std::uint8_t, 32> out);

// The public key of a scalar.
void x25519_base(PointView scalar, std::span<std::uint8_t, 32> out);

}  // namespace edge::age
