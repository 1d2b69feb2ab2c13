// What a transfer says about its bytes (wire.md, manifest and chunk): their SHA-256 and one Merkle tree of 1
// KiB leaves (RFC 6962) whose complete subtrees of 256 leaves are the chunks. So a chunk is checked on
// arrival, and a leaf in a later audit, under one root.
#pragma once

#include "agent/core/transfer/leaf_hasher.h"
#include "ledger-client/core/proof.h"
#include "ledger-client/core/sha256.h"

namespace edge {

// Hashes a ciphertext in one pass, whatever the pieces it comes in. One object belongs to one thread at a
// time.
class CiphertextHasher {
 public:
  struct Digests {
    ledger::Hash sha256{};
    ledger::Hash merkle_root{};             // of nothing: ledger::empty_root()
    std::vector<ledger::Hash> chunk_roots;  // one per started chunk of limits::kChunkBytes
    std::uint64_t size = 0;
  };

  // With kTwo, the leaves of a large ciphertext are hashed on a second thread, beside the caller's
  // encryption.
  enum class Threads { kOne, kTwo };
  explicit CiphertextHasher(Threads threads = Threads::kOne);
  ~CiphertextHasher();
  void update(ledger::ByteView bytes);
  // The digests of all bytes so far; afterwards the object is as new.
  Digests finish();

 private:
  bool may_use_thread_;
  ledger::Sha256 sha256_;
  std::uint64_t size_ = 0;
  LeafHasher leaves_;
  std::unique_ptr<LeafThread> thread_;
};

// The tree above the chunks, kept by who sends them: each path costs look-ups only. Immutable, thread-safe.
class ChunkTree {
 public:
  explicit ChunkTree(std::vector<ledger::Hash> chunk_roots);
  std::uint64_t size() const { return levels_.front().size(); }
  // RFC 6962 path of chunk `n` among the chunk roots. Precondition: n < size().
  ledger::Proof path(std::uint64_t n) const;

 private:
  std::vector<std::vector<ledger::Hash>> levels_;  // complete nodes; levels_[0] are the chunk roots
};

// The tree hash of one chunk's bytes.
ledger::Hash chunk_root(ledger::ByteView data);

// The root of `data` if it is chunk `n` of `chunk_count` below `merkle_root`; nothing otherwise. Every chunk
// but the last is full, none is empty.
std::optional<ledger::Hash> verified_chunk_root(std::uint64_t n, std::uint64_t chunk_count,
                                                ledger::ByteView data, std::span<const ledger::Hash> path,
                                                const ledger::Hash& merkle_root);

}  // namespace edge
