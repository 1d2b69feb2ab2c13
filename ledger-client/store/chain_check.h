// The chain and the meaning of a log's entries, in order: what a verification finds in the lines alone, apart
// from the tree. Optionally on a thread of its own, while the caller reads and hashes what comes next.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "ledger-client/store/verify.h"

namespace ledger {

struct ChainFindings {
  std::optional<LogFault> fault;  // the first one; nothing behind it was looked at
  std::uint64_t unknown_types = 0;
  std::uint64_t void_count = 0;
  std::vector<VoidEntry> void_entries;  // the first VerifyReport::kMaxListedVoid
};

// One object belongs to one thread. What a check threw on a thread of its own is thrown by add() or finish().
class ChainCheck {
 public:
  ChainCheck(std::string origin, bool own_thread);
  ~ChainCheck();
  ChainCheck(const ChainCheck&) = delete;
  ChainCheck& operator=(const ChainCheck&) = delete;

  // The next line, which is copied if need be. Waits where the check is far behind.
  void add(std::string_view line);
  // A fault is known, of this line or an earlier one: more lines change nothing.
  bool failed() const;
  // Waits for what was added. Once, last.
  ChainFindings finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ledger
