#include "ledger-client/core/federation_document.h"

#include <algorithm>

#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/sha256.h"

namespace ledger {

namespace {

Problem problem(std::string_view reason) {
  return Problem{"federation document: " + std::string{reason}};
}

// Notes `kid` if its key in that version made the signature. True if it did.
bool vote(const Federation& voters, const GeneralJws& jws, const JwsSignature& signature,
          std::vector<std::string>& voted) {
  const Admin* const admin = voters.find_admin(signature.kid);
  if (admin == nullptr || !verify_general_jws(jws, signature, admin->key)) return false;
  voted.push_back(signature.kid);
  return true;
}

bool has_twice(std::vector<std::string>& ids) {
  std::sort(ids.begin(), ids.end());
  return std::adjacent_find(ids.begin(), ids.end()) != ids.end();
}

std::string too_few(std::size_t have, std::uint64_t need, const char* whose) {
  return std::to_string(have) + " of " + std::to_string(need) + " signatures of admins of " + whose;
}

}  // namespace

FederationDocument::FederationDocument(ParsedFederation&& parsed, std::string_view text)
    : federation_(std::make_shared<const Federation>(std::move(parsed.federation))),
      sha256_(parsed.sha256),
      payload_(std::move(parsed.jws.payload)),
      text_(text) {}

Result<ParsedFederation> parse_federation_document(std::string_view text, bool may_be_unsigned) {
  auto jws = parse_general_jws(text, kFederationTyp, kMaxFederationTextBytes, may_be_unsigned);
  if (!jws) return problem(jws.error().reason);
  const auto canonical = canonicalize(jws->payload, {.max_bytes = kMaxFederationBytes, .max_depth = 8});
  if (!canonical) return problem("the payload is no JSON: " + canonical.error().reason);
  if (*canonical != jws->payload) return problem("the payload is not canonical JSON");
  auto federation = parse_federation(jws->payload);
  if (!federation) return federation.error();
  const Hash hash = sha256(jws->payload);
  return ParsedFederation{std::move(federation.value()), hash, std::move(jws.value())};
}

Result<FederationVotes> count_votes(const Federation* previous, const ParsedFederation& document) {
  FederationVotes votes;
  for (const JwsSignature& signature : document.jws.signatures) {
    // Both, where an admin keeps the key: one signature says yes as the old and as the new.
    const bool as_new = vote(document.federation, document.jws, signature, votes.own);
    const bool as_old = previous != nullptr && vote(*previous, document.jws, signature, votes.previous);
    if (!as_new && !as_old) return problem("a signature is wrong, or not of an admin");
  }
  if (has_twice(votes.own) || has_twice(votes.previous)) return problem("an admin has signed twice");
  return votes;
}

Result<FederationDocument> open_first(std::string_view text, const std::optional<Hash>& sha256) {
  auto parsed = parse_federation_document(text);
  if (!parsed) return parsed.error();
  if (sha256 && parsed->sha256 != *sha256)
    return problem("its SHA-256 is " + to_hex(parsed->sha256) + ", not the one given");
  // Of a later version, admins that it no longer has may have signed as well: nobody knows their keys here.
  std::erase_if(parsed->jws.signatures, [&](const JwsSignature& signature) {
    const Admin* const admin = parsed->federation.find_admin(signature.kid);
    const bool leaver = admin == nullptr || !verify_general_jws(parsed->jws, signature, admin->key);
    return parsed->federation.version > 1 && leaver;
  });
  const auto votes = count_votes(nullptr, *parsed);
  if (!votes) return votes.error();
  const std::uint64_t need = parsed->federation.threshold;
  if (votes->own.size() < need) return problem(too_few(votes->own.size(), need, "this version"));
  return FederationDocument(std::move(parsed.value()), text);
}

Result<FederationDocument> verify_successor(const FederationDocument& previous, std::string_view text) {
  auto parsed = parse_federation_document(text);
  if (!parsed) return parsed.error();
  if (parsed->federation.version != previous.version() + 1)
    return problem("it is not the version after " + std::to_string(previous.version()));
  if (parsed->federation.prev != previous.sha256())
    return problem("prev is not the hash of version " + std::to_string(previous.version()));
  const auto votes = count_votes(&previous.federation(), *parsed);
  if (!votes) return votes.error();
  const std::uint64_t before = previous.federation().threshold, own = parsed->federation.threshold;
  if (votes->previous.size() < before)
    return problem(too_few(votes->previous.size(), before, "the version before"));
  if (votes->own.size() < own) return problem(too_few(votes->own.size(), own, "this version"));
  return FederationDocument(std::move(parsed.value()), text);
}

}  // namespace ledger
