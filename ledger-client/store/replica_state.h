// Inside of Replica: what it holds in memory, and its parts. Opening stands in replica_open.cpp, the
// judgement of batches in replica_judge.cpp, the small rest in replica.cpp.
#pragma once

#include "ledger-client/core/entry.h"
#include "ledger-client/core/merkle.h"
#include "ledger-client/store/kept_note.h"
#include "ledger-client/store/replica.h"
#include "ledger-client/store/replica_tables.h"

namespace ledger {

// The end of the log as the next entry is checked against it.
struct Head {
  Frontier frontier;
  ChainState chain;
};

// Verified entries on top of a head.
struct Staged {
  Head head;
  std::uint64_t first = 0;
  std::vector<StagedEntry> entries;
  std::vector<StagedNode> nodes;
};

using Taken = Result<Done, ReplicaRefusal>;

struct Replica::State {
  std::string origin;
  std::unique_ptr<ReplicaTables> tables;
  Head head;
  struct Newest {
    Checkpoint checkpoint;
    std::string note;
  };
  std::optional<Newest> newest;
  std::string repaired;
  // Damage would look like a contradiction, so everything is verified before one is reported; up to here it
  // was.
  std::optional<std::uint64_t> intact_size;

  std::uint64_t size() const { return head.frontier.size(); }

  // Opening.
  void restore();
  bool fits(const Vouch& vouch) const;
  Head head_at(std::uint64_t size) const;
  void cut_to(std::uint64_t size);
  void load_newest();

  // Judging.
  std::optional<Hash> held_root(std::uint64_t size) const;  // nothing where a node is missing
  std::optional<ReplicaRefusal> disagreement(const KeptNote& kept, std::span<const NoteKey> keys);
  ReplicaRefusal contradiction_unless_damaged(const KeptNote& kept, const std::string& reason);
  bool newest_still_verifies(std::span<const NoteKey> keys);
  std::size_t held_already(const ReplicaBatch& batch) const;
  ReplicaRefusal judge_other_history(const ReplicaBatch& batch, std::size_t differs, const KeptNote& kept);
  Taken judge_overlap(const ReplicaBatch& batch, const KeptNote& kept);
  Taken append_new(const ReplicaBatch& batch, std::size_t held, const KeptNote& kept,
                   std::span<const NoteKey> keys);

  // Writing. in_transaction: all of `work` or nothing, in memory too.
  template <class Work>
  void in_transaction(Work&& work);
  void keep(const KeptNote& kept, const Proof& consistency);
  void keep_newest(const KeptNote& kept);
  void adopt_witnessed();
};

template <class Work>
void Replica::State::in_transaction(Work&& work) {
  const auto head_before = head;
  const auto newest_before = newest;
  try {
    sqlite::Transaction transaction(tables->database());
    work();
    transaction.commit();
  } catch (...) {
    head = head_before;
    newest = newest_before;
    throw;
  }
}

// Whether the tree of `checkpoint` begins with the `size` entries of `root`.
bool covers(const Checkpoint& checkpoint, std::uint64_t size, const Hash& root, const Proof& consistency);

}  // namespace ledger
