// Payloads of transfers: zstd inside age (bundle.md, wire.md), written and read as streams in memory bounded
// by zstd's window. A thread works on one Sealer and one Opener at a time, from construction to finish():
// they borrow the thread's zstd contexts.
#pragma once

#include <memory>

#include "agent/core/age/agreement.h"
#include "agent/core/transfer/ciphertext_hasher.h"

namespace edge {

inline constexpr const char* kAnotherHash = "payload: plaintext has another SHA-256";

// What a manifest says about a payload.
struct SealedPayload {
  std::uint64_t plaintext_size = 0;
  ledger::Hash plaintext_sha256{};
  CiphertextHasher::Digests ciphertext;
};

class PayloadSealer {
 public:
  // Ciphertext goes to `sink` as it is made.
  PayloadSealer(age::Agreement agreement, age::Sink sink);
  ~PayloadSealer();
  // How many bytes all writes together will have, if that is known before the first: zstd then prepares no
  // more than it needs. Another number makes finish() throw.
  void expect(std::uint64_t plaintext_size);
  void write(std::string_view plaintext);
  SealedPayload finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The reverse: takes ciphertext, gives the plaintext as one string that never grows beyond `plaintext_size`,
// the size the manifest declared. Nothing may be done with it before finish() succeeded.
class PayloadOpener {
 public:
  PayloadOpener(std::span<const age::Identity* const> identities, std::string_view encoding,
                std::uint64_t plaintext_size);
  ~PayloadOpener();
  ledger::Result<ledger::Done> write(ledger::ByteView ciphertext);
  // The plaintext, if the age file was whole, zstd ended, and size and hash are as declared.
  ledger::Result<std::string> finish(const ledger::Hash& plaintext_sha256);
  // The same but for the hash, which a caller compares beside its other checks.
  ledger::Result<std::string> finish_unhashed();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace edge
