// JSON Web Signatures (RFC 7515), compact serialisation, `alg` EdDSA with Ed25519 (RFC 8037): reading and
// verifying. Nothing but EdDSA is accepted, the key is chosen by the caller from `kid` and never taken from
// the header, `crit` is refused. A VerifiedJws is made only by verify_jws. Pure and thread-safe.
#pragma once

#include "ledger-client/core/ed25519.h"
#include "ledger-client/core/result.h"

namespace ledger {

// A compact JWS taken apart, nothing verified yet. Views into the text given to parse_jws.
struct ParsedJws {
  std::string kid;
  std::string typ;
  std::string_view signing_input;  // header.payload, as received
  std::string_view payload_base64url;
  Signature signature{};
};

struct VerifiedJws {
  std::string kid;
  std::string typ;
  std::string payload;  // decoded bytes
 private:
  VerifiedJws() = default;
  friend Result<VerifiedJws> verify_jws(const ParsedJws&, const PublicKey&);
};

// Refuses more than `max_bytes`, duplicate header members, any `alg` but EdDSA, `crit`, `b64`, `jwk` and
// `jku`.
Result<ParsedJws> parse_jws(std::string_view compact, std::size_t max_bytes);
Result<VerifiedJws> verify_jws(const ParsedJws& jws, const PublicKey& key);

// Detached form `header..signature` (RFC 7515 appendix F): the signing input is rebuilt over `payload`.
// `x5c` holds the header's certificates (DER), first the signer's; empty where there are none.
struct ParsedDetachedJws {
  std::string kid;
  std::string sig_t;
  std::vector<Bytes> x5c;
  std::string protected_base64url;
  Signature signature{};
};
Result<ParsedDetachedJws> parse_detached_jws(std::string_view compact, std::size_t max_bytes);
bool verify_detached_jws(const ParsedDetachedJws& jws, std::string_view payload, const PublicKey& key);

}  // namespace ledger
