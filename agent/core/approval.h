// What a hospital's approvers are asked, and how they answer: what is to be done as canonical JSON, the file
// a motion travels in, the signed vote. Counting is ledger-client's (motion_tally.h). Pure and thread-safe.
#pragma once

#include "agent/core/signing.h"
#include "ledger-client/core/motion_tally.h"

namespace edge {

inline constexpr std::size_t kMaxPayloadBytes = 4'096;
inline constexpr std::size_t kMaxMotionFileBytes = 32'768;

// Who approves what: how many of the roster a matter needs, 0 where it needs nobody.
struct ApprovalPolicy {
  ledger::Roster roster;
  std::uint64_t keys = 0, break_glass = 0, federation = 0;

  std::uint64_t needs(std::string_view matter) const;
};

// Something that may need approval: matter and subject as a Motion has them, and what exactly is to be done,
// canonical JSON of an object.
struct Deed {
  std::string matter, subject, payload;
};
Deed allow_break_glass(bool allow);
Deed review_break_glass(std::uint64_t entry);
Deed publish_federation(std::uint64_t version, const ledger::Hash& sha256);
// `reason` and `suspect_from` as key.revoked has them.
Deed revoke_key(std::string_view key, std::string_view reason,
                const std::optional<std::uint64_t>& suspect_from = std::nullopt);
// A new key takes the place of `key`, which verifies messages for so many days more.
Deed rotate_key(std::string_view key, std::uint64_t overlap_days);

struct MotionFile {
  ledger::Motion motion;
  std::string payload;       // canonical JSON; its SHA-256 is the motion's
  ledger::Roster approvers;  // to be looked up by the one who votes; nothing is believed of it
};
// Problem: another form, or a payload that is not the motion's.
ledger::Result<MotionFile> parse_motion_file(std::string_view text);
std::string encode_motion_file(const MotionFile& file);  // canonical JSON

// Compact JWS.
std::string sign_vote(const Signer& signer, std::string_view approver, ledger::Choice choice,
                      const ledger::Hash& motion);

}  // namespace edge
