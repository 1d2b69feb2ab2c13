// What signs: Ed25519 keys behind one small port, and the forms this project signs (JWS, notes). Verification
// is ledger-client's.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/secret.h"
#include "ledger-client/core/ed25519.h"
#include "ledger-client/core/note.h"

namespace edge {

// The key can't be used now: its token was pulled, refuses or answers wrongly.
class UnusableKey : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Thread-safe. sign() throws std::runtime_error if the key can't be used, UnusableKey for one in a token; it
// never falls back to another key.
class Signer {
 public:
  virtual ~Signer() = default;
  virtual const ledger::PublicKey& public_key() const = 0;
  virtual ledger::Signature sign(ledger::ByteView message) const = 0;
  // Why the last call of sign() failed; empty if it did not.
  virtual std::string fault() const { return {}; }
};

// An Ed25519 key in locked memory, signing with libsodium what is short and with OpenSSL what is long (the
// bytes are the same; each is up to twice as fast as the other there).
std::unique_ptr<Signer> make_ed25519_signer(const Secret& seed32);

// Compact JWS: {"alg":"EdDSA","kid":…,"typ":…}.payload.signature
std::string sign_jws(const Signer& signer, std::string_view kid, std::string_view typ,
                     std::string_view payload);

// Detached JWS `header..signature` over `payload`, with sigT, srCms (purpose 1.2.840.10065.1.12.1.5) and x5c
// as Da Vinci CDex asks.
std::string sign_detached_jws(const Signer& signer, std::string_view kid, std::string_view sig_t,
                              const std::vector<ledger::Bytes>& x5c_der, std::string_view payload);

// The signature line of a note: an Ed25519 signature over its text (log keys).
std::string sign_note(const Signer& signer, const ledger::NoteKey& key, std::string_view text);

// The line of a witness' cosignature/v1 over a checkpoint's text (formats.md 4). `timestamp`: seconds since
// 1970. Throws std::invalid_argument if `witness` is not the signer's key in that role, or the time is not
// below 2^63.
std::string sign_cosignature(const Signer& signer, const ledger::NoteKey& witness, std::uint64_t timestamp,
                             std::string_view checkpoint_text);

}  // namespace edge
