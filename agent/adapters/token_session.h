// One PKCS#11 module, a session with the token a URI names, and its key. Internal to token_signer.cpp; a file
// of its own because it is all that knows PKCS#11. One thread at a time.
#pragma once

#include <memory>
#include <string>

#include "agent/core/secret.h"
#include "ledger-client/core/ed25519.h"

namespace edge {

// Throws std::runtime_error("…: CKR…" in words) for every call that fails.
class TokenSession {
 public:
  TokenSession(const std::string& uri, const Secret& pin);
  ~TokenSession();
  TokenSession(const TokenSession&) = delete;
  TokenSession& operator=(const TokenSession&) = delete;

  ledger::PublicKey public_key() const;
  // 64 bytes as the token gave them: not verified yet.
  ledger::Signature sign(ledger::ByteView message) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace edge
