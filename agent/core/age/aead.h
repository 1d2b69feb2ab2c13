// ChaCha20-Poly1305 (RFC 8439) by OpenSSL, without associated data, as age uses it. One object holds one key
// and belongs to one thread at a time.
#pragma once

#include <memory>

#include "ledger-client/core/bytes.h"

namespace edge::age {

inline constexpr std::size_t kTagBytes = 16;
using Nonce = std::array<std::uint8_t, 12>;

// Throws std::runtime_error only if OpenSSL fails.
class Aead {
 public:
  enum class Direction { kSeal, kOpen };
  Aead(std::span<const std::uint8_t, 32> key, Direction direction);
  ~Aead();

  // Writes plaintext.size() + kTagBytes bytes at `out`.
  void seal(const Nonce& nonce, ledger::ByteView plaintext, std::uint8_t* out);
  // Writes ciphertext.size() - kTagBytes bytes at `out`, which mean nothing unless the result is true.
  [[nodiscard]] bool open(const Nonce& nonce, ledger::ByteView ciphertext, std::uint8_t* out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace edge::age
