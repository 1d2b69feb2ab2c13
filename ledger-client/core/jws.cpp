#include "ledger-client/core/jws.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ledger-client/core/base64.h"
#include "ledger-client/core/canonical_json.h"

namespace ledger {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxHeaderBytes = 64 * 1024;  // of JSON; certificates are its bulk
constexpr std::size_t kMaxCertificates = 8;

Problem problem(std::string_view reason) {
  return Problem{"JWS: " + std::string{reason}};
}

struct Parts {
  std::string_view header, payload, signature, signing_input;
};

Result<Parts> split(std::string_view compact, std::size_t max_bytes) {
  if (compact.size() > max_bytes) return problem("too large");
  const std::size_t first = compact.find('.');
  const std::size_t second = first == compact.npos ? first : compact.find('.', first + 1);
  if (second == compact.npos || compact.find('.', second + 1) != compact.npos)
    return problem("not three parts");
  return Parts{compact.substr(0, first), compact.substr(first + 1, second - first - 1),
               compact.substr(second + 1), compact.substr(0, second)};
}

// The header, if its JSON is strict and every member that decides how to verify says what this profile says.
// Members it doesn't know are ignored, as RFC 7515 asks; all that could bring a key or change the rules are
// refused.
Result<json> read_header(std::string_view base64url) {
  const auto bytes = base64url_decode(base64url);
  if (!bytes) return problem("the header is not base64url");
  auto header = parse_json(as_text(*bytes), {.max_bytes = kMaxHeaderBytes, .max_depth = 8});
  if (!header || !header->is_object()) return problem("the header is not a strict JSON object");
  for (const char* refused : {"crit", "b64", "jwk", "jku", "x5u"}) {
    if (header->contains(refused))
      return problem("header member " + std::string{refused} + " is not accepted");
  }
  const auto alg = header->find("alg");
  if (alg == header->end() || *alg != "EdDSA") return problem("alg is not EdDSA");
  return header;
}

Result<Signature> read_signature(std::string_view base64url) {
  const auto bytes = base64url_decode(base64url);
  Signature signature;
  if (!bytes || bytes->size() != signature.size())
    return problem("the signature is not the base64url of 64 bytes");
  std::copy(bytes->begin(), bytes->end(), signature.begin());
  return signature;
}

// A string member, empty where it is missing.
Result<std::string> text_member(const json& header, const char* name) {
  const auto member = header.find(name);
  if (member == header.end()) return std::string{};
  if (!member->is_string()) return problem(std::string{name} + " is not a string");
  return member->get<std::string>();
}

Result<std::vector<Bytes>> certificates(const json& header) {
  std::vector<Bytes> chain;
  const auto member = header.find("x5c");
  if (member == header.end()) return chain;
  if (!member->is_array() || member->empty() || member->size() > kMaxCertificates) {
    return problem("x5c is not a list of 1 to 8 certificates");
  }
  for (const json& item : *member) {
    auto der = item.is_string() ? base64_decode(item.get_ref<const std::string&>()) : std::nullopt;
    if (!der || der->empty()) return problem("x5c holds something that is not base64");
    chain.push_back(std::move(*der));
  }
  return chain;
}

}  // namespace

Result<ParsedJws> parse_jws(std::string_view compact, std::size_t max_bytes) {
  const auto parts = split(compact, max_bytes);
  if (!parts) return parts.error();
  const auto header = read_header(parts->header);
  if (!header) return header.error();
  auto kid = text_member(*header, "kid");
  if (!kid) return kid.error();
  if (kid->empty()) return problem("no kid");
  auto typ = text_member(*header, "typ");
  if (!typ) return typ.error();
  const auto signature = read_signature(parts->signature);
  if (!signature) return signature.error();
  return ParsedJws{std::move(kid.value()), std::move(typ.value()), parts->signing_input, parts->payload,
                   *signature};
}

Result<VerifiedJws> verify_jws(const ParsedJws& jws, const PublicKey& key) {
  if (!verify_ed25519(key, as_bytes(jws.signing_input), jws.signature))
    return problem("the signature is wrong");
  // What was signed is what is handed out: taken from the signing input itself.
  const auto payload = base64url_decode(jws.signing_input.substr(jws.signing_input.find('.') + 1));
  if (!payload) return problem("the payload is not base64url");
  VerifiedJws verified;
  verified.kid = jws.kid;
  verified.typ = jws.typ;
  verified.payload = as_text(*payload);
  return verified;
}

Result<ParsedDetachedJws> parse_detached_jws(std::string_view compact, std::size_t max_bytes) {
  const auto parts = split(compact, max_bytes);
  if (!parts) return parts.error();
  if (!parts->payload.empty()) return problem("a detached signature carries a payload");
  const auto header = read_header(parts->header);
  if (!header) return header.error();
  auto kid = text_member(*header, "kid");
  if (!kid) return kid.error();
  auto sig_t = text_member(*header, "sigT");
  if (!sig_t) return sig_t.error();
  auto chain = certificates(*header);
  if (!chain) return chain.error();
  const auto signature = read_signature(parts->signature);
  if (!signature) return signature.error();
  return ParsedDetachedJws{std::move(kid.value()), std::move(sig_t.value()), std::move(chain.value()),
                           std::string{parts->header}, *signature};
}

bool verify_detached_jws(const ParsedDetachedJws& jws, std::string_view payload, const PublicKey& key) {
  std::string signing_input;
  signing_input.reserve(jws.protected_base64url.size() + 1 + (payload.size() + 2) / 3 * 4);
  signing_input += jws.protected_base64url;
  signing_input += '.';
  base64url_append(signing_input, as_bytes(payload));
  return verify_ed25519(key, as_bytes(signing_input), jws.signature);
}

}  // namespace ledger
