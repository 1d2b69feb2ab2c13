// A version on its way (trust.md): the document with the signatures it has so far, and signed rejections. A
// draft passes once the thresholds are met; it is dead once so many of the previous version's admins rejected
// it that they never can be. Pure and thread-safe.
#pragma once

#include "ledger-client/core/federation_document.h"

namespace ledger {

inline constexpr std::string_view kRejectionTyp = "ehr-federation-rejection+jws";
inline constexpr std::size_t kMaxDraftBytes = kMaxFederationTextBytes * 2;
inline constexpr std::size_t kMaxReasonBytes = 1024;

// Somebody's No to a draft: of which version, by the hash of its payload.
struct Rejection {
  std::string admin;
  std::uint64_t version = 0;
  Hash sha256{};
};

struct FederationDraft {
  std::string document;                 // JWS text; may be without signatures
  TimePoint expires{};                  // admins' tools sign nothing after it
  std::string reason;                   // for those who read it; in no signature, no document
  std::vector<std::string> rejections;  // compact JWS: of this draft, and of others of the same version
};
Result<FederationDraft> parse_draft(std::string_view text);
std::string encode_draft(const FederationDraft& draft);  // canonical JSON

// Payload of a rejection, to be signed as a compact JWS whose kid is the admin's id.
std::string rejection_payload(std::uint64_t version, const Hash& sha256);
// The rejection, if an admin of `voters` has signed it.
Result<Rejection> verify_rejection(std::string_view jws, const Federation& voters);

struct DraftState {
  std::uint64_t version = 0;
  Hash sha256{};
  FederationVotes votes;              // without those who also rejected it
  std::vector<std::string> rejected;  // admins of the version before, without those who also signed it
  std::vector<std::string> both;      // signed and rejected it: neither counts
  std::uint64_t needs_previous = 0, needs_own = 0;
  bool passes = false;
  bool dead = false;
  bool expired = false;
};
// `previous` is null for a first version. Problem: a document that doesn't follow `previous`, or a signature
// or rejection that is not good.
Result<DraftState> judge_draft(const FederationDocument* previous, const FederationDraft& draft,
                               TimePoint now);

// The document of a draft that passes, without the signatures of those who also rejected it.
std::string passed_document(const FederationDraft& draft, const DraftState& state);

// What one admin's tool has signed, as it remembers.
struct CastVote {
  std::uint64_t version = 0;
  Hash sha256{};
  bool approved = false;  // else rejected
};
// Whether an admin with these votes may sign this draft: not expired, not rejected by the same hand, and a
// second draft of one version only if it embeds the rejections that make every earlier one dead.
Result<Done> may_approve(const FederationDocument* previous, const FederationDraft& draft,
                         const std::vector<CastVote>& cast, TimePoint now);
Result<Done> may_reject(const FederationDocument* previous, const FederationDraft& draft,
                        const std::vector<CastVote>& cast, TimePoint now);

// One draft out of copies that several admins have signed. Problem: they are not of one document.
Result<FederationDraft> merge_drafts(const std::vector<FederationDraft>& copies);

}  // namespace ledger
