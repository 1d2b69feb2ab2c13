// JSON Web Signatures in general serialisation (RFC 7515, 7.2.1): one payload, signatures of several people.
// Stricter than the compact form, since every member of a protected header is somebody's vote: exactly `alg`
// EdDSA, `kid` and `typ`; no unprotected headers, nothing else in the object. Pure and thread-safe.
#pragma once

#include <vector>

#include "ledger-client/core/ed25519.h"
#include "ledger-client/core/result.h"

namespace ledger {

struct JwsSignature {
  std::string kid;
  std::string protected_base64url;
  Signature signature{};
};

struct GeneralJws {
  std::string payload;  // decoded bytes
  std::string payload_base64url;
  std::vector<JwsSignature> signatures;  // in the order of the text; nothing verified yet
};

inline constexpr std::size_t kMaxJwsSignatures = 256;

// Refuses duplicate members anywhere, another `typ`, and a text of more than `max_bytes`. No signature at all
// is accepted where `may_be_unsigned`: a draft that waits for its first.
Result<GeneralJws> parse_general_jws(std::string_view text, std::string_view typ, std::size_t max_bytes,
                                     bool may_be_unsigned = false);
bool verify_general_jws(const GeneralJws& jws, const JwsSignature& signature, const PublicKey& key);

// The header and the bytes a signature of `kid` is made over.
std::string jws_protected_header(std::string_view kid, std::string_view typ);  // base64url
std::string jws_signing_input(std::string_view protected_base64url, std::string_view payload_base64url);

// Canonical JSON. Precondition: the values come from parse_general_jws, or are made as it would accept them.
std::string encode_general_jws(const GeneralJws& jws);

}  // namespace ledger
