// The signed federation document (trust.md): a JWS in general serialisation whose payload is canonical JSON
// (federation.h) and whose `kid`s are admins. Every hash is over the payload, never over the signatures. A
// FederationDocument is made only by the functions here that verify. Pure and thread-safe.
#pragma once

#include <memory>

#include "ledger-client/core/federation.h"
#include "ledger-client/core/jws_general.h"

namespace ledger {

inline constexpr std::string_view kFederationTyp = "ehr-federation+jws";
inline constexpr std::size_t kMaxFederationTextBytes = kMaxFederationBytes / 3 * 4 + (256U << 10U);

// A document taken apart, its form checked, no signature verified.
struct ParsedFederation {
  Federation federation;
  Hash sha256{};  // of the payload
  GeneralJws jws;
};
// `may_be_unsigned`: a draft. Problems name the place.
Result<ParsedFederation> parse_federation_document(std::string_view text, bool may_be_unsigned = false);

class FederationDocument {
 public:
  const Federation& federation() const { return *federation_; }
  // The same, for whoever outlives the document.
  std::shared_ptr<const Federation> shared() const { return federation_; }
  std::uint64_t version() const { return federation_->version; }
  const Hash& sha256() const { return sha256_; }
  const std::string& payload() const { return payload_; }
  const std::string& text() const { return text_; }  // with its signatures, as received

 private:
  FederationDocument(ParsedFederation&& parsed, std::string_view text);
  friend Result<FederationDocument> open_first(std::string_view, const std::optional<Hash>&);
  friend Result<FederationDocument> verify_successor(const FederationDocument&, std::string_view);

  std::shared_ptr<const Federation> federation_;
  Hash sha256_{};
  std::string payload_, text_;
};

// The document somebody begins with: any version, signed by `threshold` of its own admins, with the SHA-256
// that came by another way. Without one, whoever gave the file is believed.
Result<FederationDocument> open_first(std::string_view text, const std::optional<Hash>& sha256);

// The version after `previous`: its number and hash fit, it is signed by `threshold` of the previous
// version's admins and by `threshold` of its own. Every signature in it must be good, an admin of either
// version's, and count once: one that is not makes the whole document refused.
Result<FederationDocument> verify_successor(const FederationDocument& previous, std::string_view text);

// Whose good signatures a document bears, ids in order.
struct FederationVotes {
  std::vector<std::string> previous, own;  // admins of the version before, of this one
};
// `previous` is null for a first version. Problem: a signature that is not good, a stranger's, or a second of
// one admin.
Result<FederationVotes> count_votes(const Federation* previous, const ParsedFederation& document);

}  // namespace ledger
