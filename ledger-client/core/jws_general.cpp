#include "ledger-client/core/jws_general.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ledger-client/core/base64.h"
#include "ledger-client/core/canonical_json.h"

namespace ledger {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxHeaderBytes = 1024;

Problem problem(std::string_view reason) {
  return Problem{"JWS: " + std::string{reason}};
}

bool is_text(const json& value) {
  return value.is_string() && !value.get_ref<const std::string&>().empty();
}

// The `kid` of a protected header, if the header says what this profile says and nothing more.
Result<std::string> read_protected(const std::string& base64url, std::string_view typ) {
  const auto bytes = base64url_decode(base64url);
  if (!bytes) return problem("a protected header is not base64url");
  const auto header = parse_json(as_text(*bytes), {.max_bytes = kMaxHeaderBytes, .max_depth = 2});
  if (!header) return problem("a protected header is not a strict JSON object");
  if (!has_exactly(*header, {"alg", "kid", "typ"}))
    return problem("a protected header holds other members than alg, kid and typ");
  if ((*header)["alg"] != "EdDSA") return problem("alg is not EdDSA");
  if ((*header)["typ"] != typ) return problem("another typ than expected");
  if (!is_text((*header)["kid"])) return problem("kid is not a text");
  return (*header)["kid"].get<std::string>();
}

Result<JwsSignature> read_signature(const json& item, std::string_view typ) {
  if (!has_exactly(item, {"protected", "signature"}))
    return problem("a signature holds other members than protected and signature");
  if (!is_text(item["protected"]) || !is_text(item["signature"]))
    return problem("a member of a signature is not a text");
  JwsSignature signature;
  signature.protected_base64url = item["protected"].get<std::string>();
  auto kid = read_protected(signature.protected_base64url, typ);
  if (!kid) return kid.error();
  signature.kid = std::move(kid.value());
  const auto bytes = base64url_decode(item["signature"].get_ref<const std::string&>());
  if (!bytes || bytes->size() != signature.signature.size())
    return problem("the signature is not the base64url of 64 bytes");
  std::copy(bytes->begin(), bytes->end(), signature.signature.begin());
  return signature;
}

}  // namespace

Result<GeneralJws> parse_general_jws(std::string_view text, std::string_view typ, std::size_t max_bytes,
                                     bool may_be_unsigned) {
  const auto object = parse_json(text, {.max_bytes = max_bytes, .max_depth = 4});
  if (!object) return problem("not a strict JSON object");
  if (!has_exactly(*object, {"payload", "signatures"}))
    return problem("holds other members than payload and signatures");
  const json& signatures = (*object)["signatures"];
  if (!is_text((*object)["payload"]) || !signatures.is_array() || signatures.size() > kMaxJwsSignatures ||
      (signatures.empty() && !may_be_unsigned))
    return problem("payload is no text, or signatures is not a list of 1 to 256");
  GeneralJws jws;
  jws.payload_base64url = (*object)["payload"].get<std::string>();
  const auto payload = base64url_decode(jws.payload_base64url);
  if (!payload) return problem("the payload is not base64url");
  jws.payload = as_text(*payload);
  for (const json& item : signatures) {
    auto signature = read_signature(item, typ);
    if (!signature) return signature.error();
    jws.signatures.push_back(std::move(signature.value()));
  }
  return jws;
}

bool verify_general_jws(const GeneralJws& jws, const JwsSignature& signature, const PublicKey& key) {
  const std::string input = jws_signing_input(signature.protected_base64url, jws.payload_base64url);
  return verify_ed25519(key, as_bytes(input), signature.signature);
}

std::string jws_protected_header(std::string_view kid, std::string_view typ) {
  return base64url_encode(
      as_bytes(canonical_json({{"alg", "EdDSA"}, {"kid", std::string{kid}}, {"typ", std::string{typ}}})));
}

std::string jws_signing_input(std::string_view protected_base64url, std::string_view payload_base64url) {
  return std::string{protected_base64url}.append(".").append(payload_base64url);
}

std::string encode_general_jws(const GeneralJws& jws) {
  json signatures = json::array();
  for (const JwsSignature& signature : jws.signatures) {
    signatures.push_back(
        {{"protected", signature.protected_base64url}, {"signature", base64url_encode(signature.signature)}});
  }
  return canonical_json({{"payload", jws.payload_base64url}, {"signatures", std::move(signatures)}});
}

}  // namespace ledger
