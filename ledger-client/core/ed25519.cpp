#include "ledger-client/core/ed25519.h"

#include <sodium/crypto_sign_ed25519.h>

namespace ledger {

static_assert(sizeof(PublicKey::bytes) == crypto_sign_ed25519_PUBLICKEYBYTES);
static_assert(sizeof(Signature) == crypto_sign_ed25519_BYTES);

bool verify_ed25519(const PublicKey& key, ByteView message, ByteView signature) {
  if (signature.size() != crypto_sign_ed25519_BYTES) return false;
  return crypto_sign_ed25519_verify_detached(signature.data(), message.data(), message.size(),
                                             key.bytes.data()) == 0;
}

}  // namespace ledger
