#include "ledger-client/core/log_follower.h"

#include "ledger-client/core/sha256.h"

namespace ledger {

LogFollower::LogFollower(std::string origin, std::vector<NoteKey> keys)
    : origin_(std::move(origin)), keys_(std::move(keys)) {}

void LogFollower::start_at(const EntriesMessage& message) {
  chain_ = chain_start(origin_);
  chain_.next_index = message.from;
  // The `prev` of the first entry can't be compared with anything here; the checkpoint's root covers its
  // bytes.
  if (const auto first = parse_entry(message.lines.front()); first && message.from > 0)
    chain_.prev = first->prev;
  verified_ = Frontier::from_nodes(message.from, message.frontier);
  held_.clear();
  held_bytes_ = 0;
  started_ = true;
}

Result<FollowStep> LogFollower::take_entries(std::string_view bytes) {
  const auto message = decode_entries_message(bytes);
  if (!message) return message.error();
  if (message->origin != origin_) return Problem{"the entries are of another log"};
  FollowStep step;
  const auto end = message->from + message->lines.size();
  if (started_ && end <= chain_.next_index) return step;  // delivered twice
  if (!started_ || message->from != chain_.next_index) {
    if (started_) {
      step.gap = "entries " + std::to_string(verified_->size()) + " to " + std::to_string(message->from - 1) +
                 " were not verified: a message or its checkpoint was lost";
    }
    start_at(*message);
  }
  ChainState chain = chain_;
  std::vector<FollowedEntry> taken;
  for (const auto& line : message->lines) {
    auto entry = follow_chain(chain, line);
    if (!entry) return Problem{"entry " + std::to_string(chain.next_index) + ": " + entry.error().reason};
    taken.push_back({std::move(*entry), line});
  }
  chain_ = std::move(chain);
  for (auto& entry : taken) {
    held_bytes_ += entry.line.size();
    held_.push_back(std::move(entry));
  }
  if (held_bytes_ > kMaxHeldBytes) {
    started_ = false;
    return Problem{"too many entries without a checkpoint"};
  }
  // The checkpoint may have come first: it is retained and sent on subscription.
  if (!checkpoint_ || checkpoint_->size <= verified_->size()) return step;
  auto released = release(*checkpoint_);
  if (released) released->gap = std::move(step.gap);
  return released;
}

Result<Checkpoint> LogFollower::open(std::string_view note) const {
  Problem last{"no key of this log is known"};
  for (const auto& key : keys_) {
    const auto opened = open_checkpoint(note, key);
    if (opened && opened->checkpoint.origin == origin_) return opened->checkpoint;
    last = opened ? Problem{"it is a checkpoint of another log"} : opened.error();
  }
  return last;
}

Result<FollowStep> LogFollower::take_checkpoint(std::string_view note) {
  const auto checkpoint = open(note);
  if (!checkpoint) return Problem{"the checkpoint is refused: " + checkpoint.error().reason};
  if (checkpoint_ && checkpoint->size < checkpoint_->size) return FollowStep{};  // an older one, late
  if (checkpoint_ && checkpoint->size == checkpoint_->size && checkpoint->root != checkpoint_->root) {
    return Problem{"two signed checkpoints of size " + std::to_string(checkpoint->size) +
                   " have different roots"};
  }
  checkpoint_ = *checkpoint;
  if (!started_ || checkpoint->size < verified_->size()) return FollowStep{};
  return release(*checkpoint);
}

// Hands out what `checkpoint` vouches for; it stays silent about entries that have not arrived yet.
Result<FollowStep> LogFollower::release(const Checkpoint& checkpoint) {
  FollowStep step;
  const auto count = checkpoint.size - verified_->size();
  if (count > held_.size()) return step;
  auto frontier = *verified_;
  for (std::size_t i = 0; i < count; ++i) frontier.append(leaf_hash(as_bytes(held_[i].line)));
  const auto root = frontier.size() == 0 ? empty_root() : frontier.root();
  if (root != checkpoint.root) {
    started_ = false;
    held_.clear();
    held_bytes_ = 0;
    return Problem{"the entries up to " + std::to_string(checkpoint.size) +
                   " are not those that were signed"};
  }
  verified_ = std::move(frontier);
  const auto end = held_.begin() + static_cast<std::ptrdiff_t>(count);
  for (auto entry = held_.begin(); entry != end; ++entry) held_bytes_ -= entry->line.size();
  step.verified.assign(std::make_move_iterator(held_.begin()), std::make_move_iterator(end));
  held_.erase(held_.begin(), end);
  return step;
}

}  // namespace ledger
