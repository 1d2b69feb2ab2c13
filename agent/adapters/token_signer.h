// The signing key in a PKCS#11 token (crypto.md 5.5; trust.md, Keys): EdDSA by the token, every answer
// checked here. What a module says is foreign input: lengths, keys and signatures that do not fit are
// failures, never used.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "agent/core/signing.h"

namespace edge {

struct TokenKey {
  // RFC 7512, for example pkcs11:token=hospital;object=sign-2?module-path=/usr/lib/softhsm/libsofthsm2.so.
  // Without module-path every module that p11-kit is configured with is looked at. `object` is the key's id,
  // sign-N.
  std::string uri;
  std::filesystem::path pin_file;  // of mode 0600; empty: the token wants no PIN
};

// Of the configuration's two values; nothing if the URI is empty.
inline std::optional<TokenKey> token_key(const std::string& uri, const std::filesystem::path& pin_file) {
  return uri.empty() ? std::nullopt : std::optional{TokenKey{uri, pin_file}};
}

// The key id a URI names; a Problem for a text that is no such URI.
ledger::Result<std::string> token_key_id(const std::string& uri);

// Opens the token and reads the public key. Throws UnusableKey naming the token's URI (without query)
// and what is wrong; never the PIN. The Signer is thread-safe (the token signs one message at a time). Its
// sign() throws the same way if the token is gone, answers wrongly or refuses; there is no other key it falls
// back to. A later call opens the token again, so that a token that came back serves without a restart.
std::unique_ptr<Signer> open_token_signer(const TokenKey& key);

}  // namespace edge
