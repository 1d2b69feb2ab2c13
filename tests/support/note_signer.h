// Signs notes and cosignatures in tests, with keys made from a seed, so that every run signs the same.
#pragma once

#include <sodium.h>

#include <algorithm>

#include "ledger-client/core/note.h"

namespace test_support {

// An Ed25519 pair from a seed, with the key as others see it.
struct NoteSigner {
  ledger::NoteKey key;
  std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret{};

  NoteSigner(const std::string& name, ledger::NoteKeyType type, const ledger::Bytes& seed) {
    key.name = name;
    key.type = type;
    crypto_sign_seed_keypair(key.key.bytes.data(), secret.data(), seed.data());
  }
  NoteSigner(const std::string& name, ledger::NoteKeyType type, std::uint8_t seed = 1)
      : NoteSigner(name, type, ledger::Bytes(32, seed)) {}

  ledger::Bytes sign(std::string_view message) const {
    ledger::Bytes signature(crypto_sign_BYTES);
    const auto bytes = ledger::as_bytes(message);
    crypto_sign_detached(signature.data(), nullptr, bytes.data(), bytes.size(), secret.data());
    return signature;
  }
  std::string line(std::string_view text) const { return ledger::note_signature_line(key, sign(text)); }
  std::string cosign(std::string_view text, std::uint64_t timestamp) const {
    const auto bytes = sign(ledger::cosignature_message(timestamp, text));
    ledger::Signature signature;
    std::copy(bytes.begin(), bytes.end(), signature.begin());
    return ledger::cosignature_line(key, timestamp, signature);
  }
};

}  // namespace test_support
