#include "agent/core/age/x25519.h"

#include <sodium.h>

namespace edge::age {

bool x25519(PointView scalar, PointView point, std::span<std::uint8_t, 32> out) {
  return crypto_scalarmult(out.data(), scalar.data(), point.data()) == 0;
}

void x25519_base(PointView scalar, std::span<std::uint8_t, 32> out) {
  crypto_scalarmult_base(out.data(), scalar.data());
}

}  // namespace edge::age
