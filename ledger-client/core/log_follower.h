// Follows a log from its messages on the broker: entries are held back until a signed checkpoint vouches for
// them. Verifies from wherever it starts: the compact range in the first message is itself covered by the
// checkpoint's root. Pure; one thread at a time.
#pragma once

#include <span>

#include "ledger-client/core/checkpoint.h"
#include "ledger-client/core/entries_message.h"
#include "ledger-client/core/entry.h"

namespace ledger {

struct FollowedEntry {
  Entry entry;
  std::string line;
};

// What a message changed.
struct FollowStep {
  std::vector<FollowedEntry> verified;  // now vouched for by a checkpoint
  // Entries that were published but not seen here, as a sentence; following went on behind them.
  std::string gap;
};

class LogFollower {
 public:
  // `keys`: the log keys of the origin.
  LogFollower(std::string origin, std::vector<NoteKey> keys);

  // Problem: the message is refused (wrong form, chain or origin); what was followed so far stands.
  Result<FollowStep> take_entries(std::string_view message);
  // Problem: the note is not a checkpoint of this log, or contradicts what was received; entries held back
  // are then dropped.
  Result<FollowStep> take_checkpoint(std::string_view note);

  // The newest checkpoint whose signature verified.
  const std::optional<Checkpoint>& checkpoint() const { return checkpoint_; }
  const std::string& origin() const { return origin_; }

 private:
  static constexpr std::size_t kMaxHeldBytes = 64U << 20U;  // held back without a checkpoint

  Result<FollowStep> release(const Checkpoint& checkpoint);
  Result<Checkpoint> open(std::string_view note) const;
  void start_at(const EntriesMessage& message);

  std::string origin_;
  std::vector<NoteKey> keys_;
  bool started_ = false;
  ChainState chain_;
  std::optional<Frontier> verified_;  // up to the last checkpoint that fitted, or the start
  std::vector<FollowedEntry> held_;
  std::size_t held_bytes_ = 0;
  std::optional<Checkpoint> checkpoint_;
};

}  // namespace ledger
