// What each entry type means: its fields and rule in one place (ledger.md). A known type that breaks them is
// stored, reported and void; an unknown type is stored and not judged. schemas/entry-*.schema.json say the
// same; a differential test keeps both equal.
#pragma once

#include <array>

#include "ledger-client/core/entry.h"
#include "ledger-client/core/equivocation.h"
#include "ledger-client/core/motion_tally.h"

namespace ledger {

namespace entry_type {
inline constexpr std::string_view kBundleIssued = "bundle.issued";
inline constexpr std::string_view kBundleReceived = "bundle.received";
inline constexpr std::string_view kBundleDelivered = "bundle.delivered";
inline constexpr std::string_view kRefusals = "refusals";
inline constexpr std::string_view kPeerCheckpoint = "peer-checkpoint";
inline constexpr std::string_view kEquivocation = "equivocation";
inline constexpr std::string_view kOriginRetired = "origin.retired";
inline constexpr std::string_view kConsentGranted = "consent.granted";
inline constexpr std::string_view kConsentRevoked = "consent.revoked";
inline constexpr std::string_view kBreakGlassUsed = "break-glass.used";
inline constexpr std::string_view kBreakGlassReviewed = "break-glass.reviewed";
inline constexpr std::string_view kKeyRotated = "key.rotated";
inline constexpr std::string_view kKeyRevoked = "key.revoked";
inline constexpr std::string_view kFederationAdopted = "federation.adopted";
inline constexpr std::string_view kVote = "vote";
}  // namespace entry_type

enum class Meaning { kEffective, kUnknownType, kVoid };
struct Judgement {
  Meaning meaning = Meaning::kUnknownType;
  std::string reason;  // for kVoid: what the entry breaks
};
Judgement judge_entry(const Entry& entry);
Judgement judge_entry(const EntryView& entry);

// follow_chain_view and judge_entry in one pass over the line, for logs of millions.
struct JudgedEntry {
  EntryView entry;
  Judgement judgement;
};
Result<JudgedEntry> follow_and_judge(ChainState& state, std::string_view line);

// Bodies as values and their canonical text; times are format_time, hashes lower-case hex, addresses IP text.
struct BundleIssued {
  std::string request, to, purpose;
  Hash ciphertext_sha256{}, merkle_root{};
  std::uint64_t size = 0;  // of the ciphertext, bytes
  Hash plaintext_commitment{}, patient_commitment{};
};
struct BundleReceived {
  std::string request, from;
  Hash ciphertext_sha256{};
  std::uint64_t issued_index = 0;
};
struct BundleDelivered {
  std::string request, to;
  Hash receipt_sha256{};
};
struct Refusals {
  std::string peer;
  std::string hour;  // the hour's start, format_time
  std::uint64_t count = 0;
};
// A consent that begins to count, or ends; what it says and about whom are commitments (commitment.h).
struct ConsentGranted {
  Hash consent_commitment{}, patient_commitment{};
};
struct ConsentRevoked {
  Hash consent_commitment{}, patient_commitment{};
};
// Stands beside the bundle.issued of the same request.
struct BreakGlassUsed {
  std::string request, to;
  Hash reason_commitment{}, patient_commitment{};
};
struct BreakGlassReviewed {
  std::uint64_t used_index = 0;  // of the break-glass.used in the same log
  Hash review_commitment{};      // who reviewed it, and what they wrote
};
// What another log's checkpoint said when this entry was written.
struct PeerCheckpoint {
  std::string origin;
  std::uint64_t size = 0;
  Hash root{};
};
// The log it stands in, as its entry 0, continues the one named: `origin` is of the same agent and an earlier
// generation.
struct OriginRetired {
  std::string origin;
  std::uint64_t size = 0;  // of the last tree its owner knows of
  Hash root{};
  std::string reason;  // a word in lower case: one of retirement_reason, or a later one
};
namespace retirement_reason {
inline constexpr std::string_view kEntriesLost = "entries-lost";    // nobody has them any more
inline constexpr std::string_view kTwoHistories = "two-histories";  // the log has signed both
inline constexpr std::string_view kKeyCompromised = "key-compromised";
}  // namespace retirement_reason

// From this entry on `next` signs in place of `key`. `signature` is over rotation_statement() by `signed_by`:
// the old key itself, or, for age keys, which can't sign, the signing key of that time. `possession` is the
// new key's signature over the same, empty for age keys.
struct KeyRotated {
  std::string key, next;              // `sign-1`, `sign-2`
  std::string public_text;            // of `next`, as the federation document writes it
  std::string signed_by;              // key id
  std::string signature, possession;  // base64url of 64 bytes
};
// The key counts for nothing anchored from this entry on. `suspect_from`: the index from which what it signed
// is shown as suspect; the entry's own index or less.
inline constexpr std::array<std::string_view, 4> kRevocationReasons{"compromised", "lost", "replaced",
                                                                    "retired"};
bool is_revocation_reason(std::string_view text);
struct KeyRevoked {
  std::string key;
  std::string reason;  // one of kRevocationReasons: free text has no place on a public ledger
  std::uint64_t suspect_from = 0;
};
// The version of the federation document followed from here on.
struct FederationAdopted {
  std::uint64_t version = 0;
  Hash sha256{};  // of its payload
};
// One approver's vote on a motion of this log, whose origin the motion's is. The motion is repeated whole, so
// that the entry alone shows what was voted on and that `key` signed it; whether that key counts is for who
// knows the hospital's roster.
struct VoteCast {
  Motion motion;
  SignedVote vote;
  PublicKey key;
};

// Throws std::invalid_argument for a body that judge_entry would call void, wherever it stands.
std::string encode_body(const BundleIssued& body);
std::string encode_body(const BundleReceived& body);
std::string encode_body(const BundleDelivered& body);
std::string encode_body(const Refusals& body);
std::string encode_body(const FederationAdopted& body);
std::string encode_body(const PeerCheckpoint& body);
std::string encode_body(const Equivocation& body);
std::string encode_body(const OriginRetired& body);
std::string encode_body(const ConsentGranted& body);
std::string encode_body(const ConsentRevoked& body);
std::string encode_body(const BreakGlassUsed& body);
std::string encode_body(const BreakGlassReviewed& body);
std::string encode_body(const KeyRotated& body);
std::string encode_body(const KeyRevoked& body);
std::string encode_body(const VoteCast& body);
// Problem: an entry of another type, or a void one.
Result<BundleIssued> decode_bundle_issued(const Entry& entry);
Result<PeerCheckpoint> decode_peer_checkpoint(const Entry& entry);
Result<Equivocation> decode_equivocation(const Entry& entry);
Result<OriginRetired> decode_origin_retired(const Entry& entry);
Result<KeyRotated> decode_key_rotated(const Entry& entry);
Result<KeyRevoked> decode_key_revoked(const Entry& entry);
Result<VoteCast> decode_vote(const Entry& entry);

}  // namespace ledger
