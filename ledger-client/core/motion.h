// What several persons of one hospital decide together (crypto.md 5.3): a motion, and their votes on it. A
// motion is canonical JSON, known by its SHA-256; a vote is a compact JWS with a typ of its own over that
// hash, so that it can be taken for nothing else the same key signs. Anchored as `vote` entries
// (entry_rules.h), which repeat the motion: whoever reads the log can check every vote. Pure and thread-safe.
#pragma once

#include <array>

#include "ledger-client/core/ed25519.h"
#include "ledger-client/core/result.h"
#include "ledger-client/core/time_text.h"

namespace ledger {

inline constexpr std::string_view kMotionDomain = "ehr-gov/v1";
inline constexpr std::string_view kVoteTyp = "ehr-vote+jws";
inline constexpr std::size_t kMaxMotionBytes = 2'048;
inline constexpr std::size_t kMaxVoteBytes = 1'024;
inline constexpr std::size_t kMaxApprovers = 64;

// What can be moved.
namespace matter {
inline constexpr std::string_view kKeysRotate = "keys.rotate";
inline constexpr std::string_view kKeysRevoke = "keys.revoke";
inline constexpr std::string_view kKeysRecover = "keys.recover";
inline constexpr std::string_view kBreakGlassAllow = "break-glass.allow";
inline constexpr std::string_view kBreakGlassReview = "break-glass.review";
inline constexpr std::string_view kFederationPublish = "federation.publish";
inline constexpr std::array kAll{kKeysRotate,      kKeysRevoke,       kKeysRecover,
                                 kBreakGlassAllow, kBreakGlassReview, kFederationPublish};
}  // namespace matter
bool is_matter(std::string_view text);

// Nobody's name and nothing of a patient: it stands on a public ledger.
struct Motion {
  std::string id;               // UUID
  std::string origin;           // of the log its votes are anchored in
  std::string matter;           // one of `matter`
  std::string subject;          // is_subject: a key's id, an entry's index, `version-3`, an approver's id
  Hash payload_sha256{};        // of the canonical JSON of what is to be done
  std::uint64_t threshold = 0;  // approvers it needs, 1 to kMaxApprovers
  std::uint64_t seq = 0;        // from 1, strictly increasing within the log
  TimePoint expires{};          // votes count whose entry has an earlier time

  bool operator==(const Motion&) const = default;
};
// 1 to 64 lower-case letters, digits, dots and hyphens, first and last a letter or digit.
bool is_subject(std::string_view text);
// An approver's id: as a subject, without dots.
bool is_approver_id(std::string_view text);

Result<Motion> parse_motion(std::string_view text);  // canonical JSON, nothing else
// Throws std::invalid_argument for what parse_motion would refuse.
std::string encode_motion(const Motion& motion);
Hash motion_sha256(const Motion& motion);

enum class Choice { kApprove, kReject };
std::string_view choice_text(Choice choice);
std::optional<Choice> choice_from(std::string_view text);

// Payload of a vote's JWS; its kid is the approver's id.
std::string vote_payload(Choice choice, const Hash& motion);

struct SignedVote {
  std::string approver;
  Choice choice = Choice::kReject;
  Hash motion{};
  Signature signature{};
};
// The vote if it has the one form there is, whoever signed it. Nothing verified yet.
Result<SignedVote> parse_vote(std::string_view jws);
// The same text again.
std::string encode_vote(const SignedVote& vote);
bool verify_vote(const SignedVote& vote, const PublicKey& key);

}  // namespace ledger
