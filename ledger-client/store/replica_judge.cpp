// What Replica makes of a batch or a checkpoint (ledger.md, Replication and Lies and accidents).
#include <algorithm>

#include "ledger-client/store/log_copy.h"
#include "ledger-client/store/replica_state.h"
#include "ledger-client/store/schema.h"
#include "ledger-client/store/verify.h"

namespace ledger {
namespace {

using Refusal = ReplicaRefusal;

Refusal refused(std::string reason, std::string signed_note = {}) {
  return {Refusal::Kind::kRefused, std::move(reason), std::move(signed_note)};
}
Refusal contradiction(const KeptNote& note, std::string reason) {
  return {Refusal::Kind::kContradiction, std::move(reason), note.note};
}

std::string of_size(const Checkpoint& checkpoint) {
  return "the checkpoint of size " + std::to_string(checkpoint.size);
}

// Empty in good order, else what is wrong with a line. `on_size(frontier)` is called after each entry.
template <class OnSize>
std::string stage(Staged& staged, std::span<const std::string> lines, OnSize&& on_size) {
  staged.first = staged.head.frontier.size();
  for (const auto& line : lines) {
    const auto index = staged.head.frontier.size();
    const auto entry = follow_chain_view(staged.head.chain, line);
    if (!entry) return "entry " + std::to_string(index) + ": " + entry.error().reason;
    const Hash leaf = leaf_hash(as_bytes(line));
    staged.entries.push_back({line, leaf});
    staged.head.frontier.append(leaf, [&](unsigned level, std::uint64_t at, const Hash& hash) {
      if (level > 0) staged.nodes.push_back({level, at, hash});
    });
    on_size(staged.head.frontier);
  }
  return {};
}

}  // namespace

bool Replica::State::newest_still_verifies(std::span<const NoteKey> keys) {
  if (open_kept_note(newest->note, origin, keys)) return true;
  newest.reset();
  return false;
}

Refusal Replica::State::contradiction_unless_damaged(const KeptNote& kept, const std::string& reason) {
  if (intact_size != size()) {
    VerifyOptions how;
    how.signatures = false;
    const auto report = verify_log(tables->reader(), {}, how);
    if (report.fault && size() > 0) {
      return refused("what is held here is damaged at entry " + std::to_string(report.fault->index) + ": " +
                         report.fault->reason,
                     kept.note);
    }
    intact_size = size();
  }
  return contradiction(kept, reason);
}

std::optional<Hash> Replica::State::held_root(std::uint64_t size) const {
  try {
    return ledger::root_at(tables->reader(), size);
  } catch (const std::out_of_range&) {  // a check for damage says where
    return std::nullopt;
  }
}

// What a validly signed checkpoint says against what is known already.
std::optional<Refusal> Replica::State::disagreement(const KeptNote& kept, std::span<const NoteKey> keys) {
  const auto& checkpoint = kept.checkpoint;
  if (checkpoint.size == 0 && checkpoint.root != empty_root()) {
    return refused(of_size(checkpoint) + " does not have the root of the empty tree");
  }
  if (newest && newest->checkpoint.size == checkpoint.size && newest->checkpoint.root != checkpoint.root &&
      newest_still_verifies(keys)) {
    return contradiction(
        kept, "two signed checkpoints of size " + std::to_string(checkpoint.size) + " have different roots");
  }
  if (checkpoint.size > size()) return std::nullopt;
  if (held_root(checkpoint.size) == checkpoint.root) return std::nullopt;
  return contradiction_unless_damaged(kept, of_size(checkpoint) + " is not of the entries held here");
}

// How many of the batch's entries are held with the same bytes.
std::size_t Replica::State::held_already(const ReplicaBatch& batch) const {
  std::size_t same = 0;
  if (batch.from >= size() || batch.lines.empty()) return same;
  const auto end = std::min(size(), batch.from + batch.lines.size());
  tables->reader().for_each(batch.from, end, [&](std::uint64_t index, std::string_view line) {
    if (index != batch.from + same || line != batch.lines[same]) return false;
    ++same;
    return true;
  });
  return same;
}

// The batch says something else than entry from + differs held here. If its lines lead to the signed root,
// the log signed both.
Refusal Replica::State::judge_other_history(const ReplicaBatch& batch, std::size_t differs,
                                            const KeptNote& kept) {
  const auto index = batch.from + differs;
  const auto reason = "entry " + std::to_string(index) + " is another one than the one held here";
  Staged staged;
  try {
    staged.head = head_at(index);
  } catch (const std::out_of_range&) {
    return refused("what is held here is damaged before entry " + std::to_string(index), kept.note);
  }
  const auto wrong = stage(staged, std::span(batch.lines).subspan(differs), [](const Frontier&) {});
  const auto& frontier = staged.head.frontier;
  if (!wrong.empty() || !covers(kept.checkpoint, frontier.size(), frontier.root(), batch.consistency)) {
    return refused(reason + ", and does not lead to the signed root", kept.note);
  }
  return contradiction_unless_damaged(kept, reason);
}

// Nothing new in the lines; the proof may lead to a larger checkpoint.
Taken Replica::State::judge_overlap(const ReplicaBatch& batch, const KeptNote& kept) {
  const auto end = batch.from + batch.lines.size();
  const auto root = held_root(end);
  if (!root || !covers(kept.checkpoint, end, *root, batch.consistency)) {
    const auto reason = of_size(kept.checkpoint) + " does not extend the entries held here";
    const auto shown = roots_from_consistency(end, kept.checkpoint.size, batch.consistency);
    if (shown && shown->root == kept.checkpoint.root && shown->old_root != root) {
      return contradiction_unless_damaged(kept, reason);
    }
    return refused("the consistency proof does not fit: " + reason, kept.note);
  }
  in_transaction([&] {
    if (end == size() && end > 0) keep(kept, batch.consistency);
    keep_newest(kept);
  });
  return Done{};
}

Taken Replica::State::append_new(const ReplicaBatch& batch, std::size_t held, const KeptNote& kept,
                                 std::span<const NoteKey> keys) {
  Staged staged;
  staged.head = head;
  // The target of an earlier checkpoint may lie within the batch: both must be true.
  bool past_target = true;
  const auto wrong = stage(staged, std::span(batch.lines).subspan(held), [&](const Frontier& frontier) {
    if (newest && frontier.size() == newest->checkpoint.size) {
      past_target = frontier.root() == newest->checkpoint.root;
    }
  });
  if (!wrong.empty()) return refused(wrong, kept.note);
  const auto& frontier = staged.head.frontier;
  if (!covers(kept.checkpoint, frontier.size(), frontier.root(), batch.consistency)) {
    return refused("the entries do not lead to the signed root of " + of_size(kept.checkpoint), kept.note);
  }
  if (!past_target && newest_still_verifies(keys)) {
    return contradiction(kept, of_size(kept.checkpoint) + " does not extend the one of size " +
                                   std::to_string(newest->checkpoint.size));
  }
  in_transaction([&] {
    tables->add(staged.first, staged.entries, staged.nodes);
    head = std::move(staged.head);
    keep(kept, batch.consistency);
    keep_newest(kept);
    adopt_witnessed();
  });
  return Done{};
}

// What vouches for all entries held.
void Replica::State::keep(const KeptNote& kept, const Proof& consistency) {
  if (kept.checkpoint.size > size()) {
    tables->store_vouch({size(), kept.note, consistency});
    return;
  }
  auto note = kept.note;
  if (newest && newest->checkpoint == kept.checkpoint) note = merge_signatures(note, newest->note);
  store_checkpoint(tables->database(), size(), note);
}

void Replica::State::keep_newest(const KeptNote& kept) {
  if (newest && newest->checkpoint.size > kept.checkpoint.size) return;
  auto note = kept.note;
  if (newest && newest->checkpoint == kept.checkpoint) note = merge_signatures(note, newest->note);
  if (newest && newest->note == note) return;
  tables->set_note(KeptKind::kNewest, note);
  newest = Newest{kept.checkpoint, std::move(note)};
}

void Replica::State::adopt_witnessed() {
  const auto note = tables->note(KeptKind::kWitnessedAhead);
  if (!note) return;
  const auto checkpoint = checkpoint_of(*note);
  if (checkpoint && checkpoint->size > size()) return;
  tables->forget_note(KeptKind::kWitnessedAhead);
  if (!checkpoint || held_root(checkpoint->size) != checkpoint->root) return;
  tables->set_note(KeptKind::kWitnessed, *note);
  tables->replace_checkpoint(checkpoint->size, *note);
}

Taken Replica::append(const ReplicaBatch& batch, std::span<const NoteKey> keys) {
  const auto kept = open_kept_note(batch.note, state_->origin, keys);
  if (!kept) return refused("the checkpoint is refused: " + kept.error().reason);
  if (auto refusal = state_->disagreement(*kept, keys)) return *refusal;
  if (batch.from > size()) {
    return Refusal{Refusal::Kind::kGap,
                   "entries " + std::to_string(size()) + " to " + std::to_string(batch.from - 1) +
                       " are missing before the batch",
                   {}};
  }
  const auto end = batch.from + batch.lines.size();
  if (kept->checkpoint.size < end) {
    return refused(of_size(kept->checkpoint) + " does not cover the batch, which ends at " +
                   std::to_string(end));
  }
  const auto held = state_->held_already(batch);
  if (batch.from + held < std::min(size(), end)) return state_->judge_other_history(batch, held, *kept);
  if (end <= size()) return state_->judge_overlap(batch, *kept);
  return state_->append_new(batch, held, *kept, keys);
}

Taken Replica::take_checkpoint(std::string_view note, std::span<const NoteKey> keys) {
  const auto kept = open_kept_note(note, state_->origin, keys);
  if (!kept) return refused("the checkpoint is refused: " + kept.error().reason);
  if (auto refusal = state_->disagreement(*kept, keys)) return *refusal;
  state_->in_transaction([&] {
    if (kept->checkpoint.size == size()) state_->keep(*kept, {});
    state_->keep_newest(*kept);
  });
  return Done{};
}

}  // namespace ledger
