#include "agent/core/federation_signing.h"

#include <algorithm>
#include <stdexcept>

#include "ledger-client/core/base64.h"
#include "ledger-client/core/canonical_json.h"

namespace edge {

namespace {

ledger::ParsedFederation parsed(std::string_view document) {
  auto parsed = ledger::parse_federation_document(document, true);
  if (!parsed) throw std::invalid_argument(parsed.error().reason);
  return std::move(parsed).value();
}

}  // namespace

std::string unsigned_federation(std::string_view payload) {
  auto canonical = ledger::canonicalize(payload, {.max_bytes = ledger::kMaxFederationBytes, .max_depth = 8});
  if (!canonical) throw std::invalid_argument(canonical.error().reason);
  const auto federation = ledger::parse_federation(*canonical);
  if (!federation) throw std::invalid_argument(federation.error().reason);
  ledger::GeneralJws jws;
  jws.payload_base64url = ledger::base64url_encode(ledger::as_bytes(*canonical));
  jws.payload = std::move(*canonical);
  return ledger::encode_general_jws(jws);
}

std::string add_vote(std::string_view document, std::string_view admin, const Signer& signer) {
  ledger::GeneralJws jws = parsed(document).jws;
  ledger::JwsSignature vote{
      std::string{admin}, ledger::jws_protected_header(admin, ledger::kFederationTyp), {}};
  const std::string input = ledger::jws_signing_input(vote.protected_base64url, jws.payload_base64url);
  vote.signature = signer.sign(ledger::as_bytes(input));
  const bool signed_before =
      std::any_of(jws.signatures.begin(), jws.signatures.end(), [&](const ledger::JwsSignature& signature) {
        return signature.kid == admin && ledger::verify_general_jws(jws, signature, signer.public_key());
      });
  if (!signed_before) jws.signatures.push_back(std::move(vote));
  return ledger::encode_general_jws(jws);
}

ledger::FederationDraft add_rejection(ledger::FederationDraft draft, std::string_view admin,
                                      const Signer& signer) {
  const ledger::ParsedFederation document = parsed(draft.document);
  std::string rejection = sign_jws(signer, admin, ledger::kRejectionTyp,
                                   ledger::rejection_payload(document.federation.version, document.sha256));
  if (std::find(draft.rejections.begin(), draft.rejections.end(), rejection) == draft.rejections.end())
    draft.rejections.push_back(std::move(rejection));
  return draft;
}

}  // namespace edge
