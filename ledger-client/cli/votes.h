// Votes of a log for people: what was voted, and who has contradicted himself.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "ledger-client/core/entry.h"
#include "ledger-client/store/log_source.h"

namespace ledger::cli {

// "anna approves motion 7, keys.revoke of sign-1 (needs 2)"; nothing for other entries and void ones.
std::optional<std::string> vote_for_people(const Entry& entry);

// Both votes of one approver on one motion: neither counts.
struct VoidPair {
  std::string approver;
  std::uint64_t motion = 0;  // its number
  std::uint64_t first = 0, second = 0;
};
std::string void_pair_for_people(const VoidPair& pair);

class VoidPairs {
 public:
  // Entries of one log, in order.
  void take(std::string_view line);
  const std::vector<VoidPair>& found() const { return pairs_; }

 private:
  std::map<std::tuple<Hash, std::string, bool>, std::uint64_t> seen_;
  std::vector<VoidPair> pairs_;
};
// Of the whole log.
std::vector<VoidPair> void_pairs(const LogSource& log);

}  // namespace ledger::cli
