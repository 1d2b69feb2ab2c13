#include "ledger-client/cli/votes.h"

#include "ledger-client/core/entry_rules.h"

namespace ledger::cli {

std::optional<std::string> vote_for_people(const Entry& entry) {
  const auto cast = decode_vote(entry);
  if (!cast) return std::nullopt;
  const Motion& motion = cast->motion;
  return cast->vote.approver + (cast->vote.choice == Choice::kApprove ? " approves" : " rejects") +
         " motion " + std::to_string(motion.seq) + ", " + motion.matter + " of " + motion.subject +
         " (needs " + std::to_string(motion.threshold) + ")";
}

std::string void_pair_for_people(const VoidPair& pair) {
  return pair.approver + " has approved and rejected motion " + std::to_string(pair.motion) + " (entries " +
         std::to_string(pair.first) + " and " + std::to_string(pair.second) + "): neither counts";
}

void VoidPairs::take(std::string_view line) {
  // Most entries are no votes: told without reading them whole.
  if (line.find(R"("type":"vote")") == line.npos) return;
  const auto entry = parse_entry(line);
  const auto cast = entry ? decode_vote(*entry) : Problem{};
  if (!cast) return;
  const bool approves = cast->vote.choice == Choice::kApprove;
  const auto other = seen_.find({cast->vote.motion, cast->vote.approver, !approves});
  const bool fresh =
      seen_.emplace(std::tuple{cast->vote.motion, cast->vote.approver, approves}, entry->index).second;
  if (fresh && other != seen_.end())
    pairs_.push_back({cast->vote.approver, cast->motion.seq, other->second, entry->index});
}

std::vector<VoidPair> void_pairs(const LogSource& log) {
  VoidPairs pairs;
  log.for_each_entry(0, log.size(), [&](const StoredEntry& entry) {
    pairs.take(entry.line);
    return true;
  });
  return pairs.found();
}

}  // namespace ledger::cli
