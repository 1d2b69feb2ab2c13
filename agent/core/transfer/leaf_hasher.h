// The leaves of a transfer's Merkle tree: 1 KiB each, 256 to a chunk. Internal to CiphertextHasher.
#pragma once

#include <memory>

#include "ledger-client/core/limits.h"
#include "ledger-client/core/merkle.h"

namespace edge {

inline constexpr std::size_t kLeafBytes = ledger::limits::kTransferLeafBytes;
inline constexpr std::size_t kLeavesPerChunk = ledger::limits::kChunkBytes / kLeafBytes;
static_assert(ledger::limits::kChunkBytes % kLeafBytes == 0 && (kLeavesPerChunk & (kLeavesPerChunk - 1)) == 0,
              "only complete subtrees make the root over chunks the root over leaves");

// Takes bytes in pieces of any size, gives the root of each started chunk. One thread at a time.
class LeafHasher {
 public:
  LeafHasher();
  void update(ledger::ByteView bytes);
  // The roots of all bytes so far; afterwards the object is as new.
  std::vector<ledger::Hash> finish();

 private:
  void add_leaf(ledger::ByteView leaf);
  void end_chunk();

  ledger::Bytes partial_leaf_;
  std::vector<ledger::Hash> leaves_;  // of the chunk being read
  std::vector<ledger::Hash> chunk_roots_;
};

// A LeafHasher on a thread of its own, fed through a bounded queue of copies (1 MiB).
class LeafThread {
 public:
  explicit LeafThread(LeafHasher begun);
  ~LeafThread();
  LeafThread(const LeafThread&) = delete;
  LeafThread& operator=(const LeafThread&) = delete;
  void update(ledger::ByteView bytes);
  // Ends the thread. Rethrows what went wrong on it.
  std::vector<ledger::Hash> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace edge
