#include "ledger-client/core/motion_tally.h"

#include <algorithm>
#include <map>

namespace ledger {

namespace {

const Approver* find(const Roster& roster, std::string_view id) {
  const auto found =
      std::find_if(roster.begin(), roster.end(), [&](const Approver& one) { return one.id == id; });
  return found == roster.end() ? nullptr : &*found;
}

bool revoked_at(const Approver& approver, std::uint64_t index) {
  return approver.revoked_from && *approver.revoked_from <= index;
}

// Why a vote counts for nothing, whatever else was voted.
std::optional<Ignored> ignored(const Motion& motion, const Hash& sha256, const Roster& roster,
                               const AnchoredVote& anchored) {
  if (anchored.vote.motion != sha256) return Ignored::kOtherMotion;
  const Approver* const approver = find(roster, anchored.vote.approver);
  if (approver == nullptr) return Ignored::kUnknownApprover;
  if (approver->key != anchored.signed_by) return Ignored::kOtherKey;
  if (revoked_at(*approver, anchored.index)) return Ignored::kRevoked;
  if (approver->id == motion.subject) return Ignored::kOwnMatter;
  if (anchored.time >= motion.expires) return Ignored::kLate;
  return std::nullopt;
}

struct Said {
  bool approve = false, reject = false;
  bool& of(Choice choice) { return choice == Choice::kApprove ? approve : reject; }
};

}  // namespace

std::string_view ignored_text(Ignored why) {
  switch (why) {
    case Ignored::kOtherMotion:
      return "is about another motion";
    case Ignored::kUnknownApprover:
      return "is by nobody of the roster";
    case Ignored::kOtherKey:
      return "is by another key than the roster's";
    case Ignored::kRevoked:
      return "was anchored after the approver was revoked";
    case Ignored::kOwnMatter:
      return "is by the one it is about";
    case Ignored::kLate:
      return "was anchored after the motion expired";
    case Ignored::kRepeated:
      return "says the same again";
  }
  return "";
}

MotionTally tally_votes(const Motion& motion, const Roster& roster, const std::vector<AnchoredVote>& votes,
                        std::uint64_t policy, std::uint64_t size, TimePoint now) {
  MotionTally tally;
  tally.needs = std::max(motion.threshold, policy);
  tally.expired = now >= motion.expires;
  const Hash sha256 = motion_sha256(motion);
  std::map<std::string, Said> said;
  for (const AnchoredVote& anchored : votes) {
    auto why = ignored(motion, sha256, roster, anchored);
    if (!why) {
      bool& before = said[anchored.vote.approver].of(anchored.vote.choice);
      if (before) why = Ignored::kRepeated;
      before = true;
    }
    if (why) tally.ignored.push_back({anchored.index, anchored.vote.approver, *why});
  }
  for (const auto& [id, votes_of] : said)
    (votes_of.approve && votes_of.reject ? tally.both
     : votes_of.approve                  ? tally.approved
                                         : tally.rejected)
        .push_back(id);
  tally.passed = tally.approved.size() >= tally.needs;
  // Who may still approve: everybody who could vote now and has not, beside those who did.
  std::uint64_t possible = tally.approved.size();
  for (const Approver& approver : roster) {
    if (!revoked_at(approver, size) && approver.id != motion.subject && !said.contains(approver.id))
      ++possible;
  }
  tally.dead = possible < tally.needs;
  return tally;
}

}  // namespace ledger
