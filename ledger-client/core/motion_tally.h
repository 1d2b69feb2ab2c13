// Counting votes (crypto.md 5.3). A motion passes with `threshold` different approvers of the roster; it is
// dead when it can't any more; an approver who both approves and rejects has said nothing, and it shows. The
// place of a vote is the index of its entry, its time the entry's: the same count for everybody who has the
// log. Pure and thread-safe.
#pragma once

#include <vector>

#include "ledger-client/core/motion.h"

namespace ledger {

struct Approver {
  std::string id;
  PublicKey key;
  // Votes anchored at this index of the own log or later count for nothing.
  std::optional<std::uint64_t> revoked_from;
};
using Roster = std::vector<Approver>;

// A vote as the log holds it. That it is `signed_by`'s was verified.
struct AnchoredVote {
  SignedVote vote;
  PublicKey signed_by;
  std::uint64_t index = 0;
  TimePoint time{};
};

enum class Ignored { kOtherMotion, kUnknownApprover, kOtherKey, kRevoked, kOwnMatter, kLate, kRepeated };
std::string_view ignored_text(Ignored why);

struct IgnoredVote {
  std::uint64_t index = 0;
  std::string approver;
  Ignored why = Ignored::kOtherMotion;
};

struct MotionTally {
  std::vector<std::string> approved, rejected;  // ids in order
  std::vector<std::string> both;                // contradicted themselves: neither vote counts
  std::vector<IgnoredVote> ignored;
  std::uint64_t needs = 0;  // the motion's threshold, or the policy's of today where that is more
  bool passed = false;
  bool dead = false;     // can't pass any more, whoever votes
  bool expired = false;  // at `now`; a motion that passed before stays passed

  bool open() const { return !passed && !dead && !expired; }
};
// `votes` in the order of the log. `policy`: what the hospital asks for today; a motion made when it asked
// for less does not pass with less. `size`: of the log now, for approvers revoked since.
MotionTally tally_votes(const Motion& motion, const Roster& roster, const std::vector<AnchoredVote>& votes,
                        std::uint64_t policy, std::uint64_t size, TimePoint now);

}  // namespace ledger
