// Opening a replica: finds the end that something signed vouches for, and cuts off what is behind it.
#include "ledger-client/store/log_copy.h"
#include "ledger-client/store/replica_state.h"

namespace ledger {

bool covers(const Checkpoint& checkpoint, std::uint64_t size, const Hash& root, const Proof& consistency) {
  if (size == checkpoint.size) return root == checkpoint.root;
  if (size == 0) return consistency.empty();  // any tree extends the empty one
  return verify_consistency(size, checkpoint.size, root, checkpoint.root, consistency);
}

Head Replica::State::head_at(std::uint64_t size) const {
  Head at{frontier_at(tables->reader(), size), chain_start(origin)};
  if (size == 0) return at;
  const auto last = tables->reader().line(size - 1);
  if (!last || leaf_hash(as_bytes(*last)) != tables->reader().node(0, size - 1)) {
    throw std::out_of_range("the last entry is damaged");
  }
  const auto entry = scan_entry(*last);
  if (!entry || entry->index != size - 1 || entry->origin != origin) {
    throw std::out_of_range("the last entry is damaged");
  }
  // What follow_chain would have left.
  at.chain.next_index = size - 1;
  at.chain.prev = entry->prev;
  if (!follow_chain_view(at.chain, *last)) throw std::out_of_range("the last entry is damaged");
  return at;
}

bool Replica::State::fits(const Vouch& vouch) const {
  const auto checkpoint = checkpoint_of(vouch.note);
  if (!checkpoint || checkpoint->origin != origin || checkpoint->size < vouch.size) return false;
  try {
    const auto at = head_at(vouch.size);
    return covers(*checkpoint, vouch.size, at.frontier.root(), vouch.consistency);
  } catch (const std::out_of_range&) {  // a node is missing
    return false;
  }
}

void Replica::State::cut_to(std::uint64_t size) {
  sqlite::Transaction transaction(tables->database());
  tables->cut(size);
  // What was witnessed stays so: it only waits for its entries again.
  const auto witnessed = tables->note(KeptKind::kWitnessed);
  const auto checkpoint = witnessed ? checkpoint_of(*witnessed) : std::nullopt;
  if (witnessed && (!checkpoint || checkpoint->size > size)) {
    if (checkpoint) tables->set_note(KeptKind::kWitnessedAhead, *witnessed);
    tables->forget_note(KeptKind::kWitnessed);
  }
  transaction.commit();
  head = head_at(size);
  intact_size.reset();
}

void Replica::State::load_newest() {
  newest.reset();
  std::vector<std::string> notes;
  if (auto note = tables->note(KeptKind::kNewest)) notes.push_back(std::move(*note));
  for (auto& vouch : tables->vouches(size())) notes.push_back(std::move(vouch.note));
  for (auto& note : notes) {
    const auto checkpoint = checkpoint_of(note);
    if (!checkpoint || checkpoint->origin != origin) continue;
    if (!newest || newest->checkpoint.size < checkpoint->size) newest = Newest{*checkpoint, std::move(note)};
  }
}

void Replica::State::restore() {
  const auto stored = tables->reader().size();
  std::uint64_t good = 0;
  for (const auto& vouch : tables->vouches(stored)) {
    if (!fits(vouch)) continue;
    good = vouch.size;
    break;
  }
  if (good == stored) {
    head = head_at(stored);
  } else {
    cut_to(good);
    repaired = "the copy of " + origin + " was damaged at its end: cut back from " + std::to_string(stored) +
               " to " + std::to_string(good) + " entries";
  }
  load_newest();
}

}  // namespace ledger
