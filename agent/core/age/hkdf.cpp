#include "agent/core/age/hkdf.h"

#include <sodium.h>

#include "agent/core/secret.h"

namespace edge::age {

namespace {

// libsodium wants no null pointer, not even for no bytes.
const std::uint8_t* pointer_to(ledger::ByteView bytes) {
  static constexpr std::uint8_t kNothing = 0;
  return bytes.empty() ? &kNothing : bytes.data();
}

// An HMAC over parts, wiped when it is done.
class Hmac {
 public:
  explicit Hmac(ledger::ByteView key) { crypto_auth_hmacsha256_init(&state_, pointer_to(key), key.size()); }
  ~Hmac() { sodium_memzero(&state_, sizeof state_); }
  Hmac(const Hmac&) = delete;
  Hmac& operator=(const Hmac&) = delete;

  Hmac& update(ledger::ByteView part) {
    crypto_auth_hmacsha256_update(&state_, pointer_to(part), part.size());
    return *this;
  }
  void finish(Key32 out) { crypto_auth_hmacsha256_final(&state_, out.data()); }

 private:
  crypto_auth_hmacsha256_state state_{};
};

}  // namespace

void hmac_sha256(ledger::ByteView key, ledger::ByteView message, Key32 out) {
  Hmac(key).update(message).finish(out);
}

void hkdf_sha256(ledger::ByteView input_key, ledger::ByteView salt, std::string_view info, Key32 out) {
  constexpr std::uint8_t kFirstBlock[] = {1};
  Wiped<32> extracted;
  // An empty salt stands for 32 zero bytes, and HMAC pads a short key with zeros: the same key.
  hmac_sha256(salt, input_key, extracted.reveal());
  Hmac(extracted.reveal()).update(ledger::as_bytes(info)).update(kFirstBlock).finish(out);
}

}  // namespace edge::age
