// SHA-256 (FIPS 180-4) by OpenSSL, which uses the CPU's SHA instructions. Throws std::runtime_error only if
// OpenSSL fails.
#pragma once

#include <memory>

#include "ledger-client/core/bytes.h"

namespace ledger {

Hash sha256(ByteView bytes);
inline Hash sha256(std::string_view text) {
  return sha256(as_bytes(text));
}

// SHA-256(tag || bytes), without a copy: the leaf and node hashes of a tree.
Hash sha256_tagged(std::uint8_t tag, ByteView bytes);

// Incremental form. One object belongs to one thread at a time.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  Sha256& update(ByteView bytes);
  Sha256& update(std::string_view text) { return update(as_bytes(text)); }
  // The hash of all bytes so far; afterwards the object is as new.
  Hash finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ledger
