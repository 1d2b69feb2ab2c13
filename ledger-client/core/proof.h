// Inclusion and consistency proofs (RFC 6962 2.1, RFC 9162 2.1.3 and 2.1.4): making them from stored nodes,
// and checking them. Pure and thread-safe. A proof holds at most 63 hashes, as no tree here reaches 2^63
// leaves.
#pragma once

#include <functional>

#include "ledger-client/core/merkle.h"

namespace ledger {

inline constexpr std::size_t kMaxProofHashes = 63;

using Proof = std::vector<Hash>;  // leaf's sibling first

// Root that a leaf hash at `index` in a tree of `size` leaves would have; nothing if the proof has the wrong
// length.
std::optional<Hash> root_from_inclusion(std::uint64_t index, std::uint64_t size, const Hash& leaf,
                                        std::span<const Hash> proof);
bool verify_inclusion(std::uint64_t index, std::uint64_t size, const Hash& leaf, std::span<const Hash> proof,
                      const Hash& root);
// 0 < old_size <= size. old_size == 0 is the caller's rule (any tree extends the empty one) and fails here.
bool verify_consistency(std::uint64_t old_size, std::uint64_t size, const Hash& old_root, const Hash& root,
                        std::span<const Hash> proof);

// The two roots a consistency proof leads to, whatever they should be. Where the second is the signed root,
// the first is the root of that tree's first `old_size` leaves. Nothing if the proof has the wrong length,
// and for an `old_size` that is a power of two, whose root the proof leaves out.
struct ConsistencyRoots {
  Hash old_root{}, root{};
};
std::optional<ConsistencyRoots> roots_from_consistency(std::uint64_t old_size, std::uint64_t size,
                                                       std::span<const Hash> proof);

// Hash of the complete subtree (level, index): see Frontier::append.
using ReadNode = std::function<Hash(unsigned level, std::uint64_t index)>;

// Preconditions: index < size; 0 < old_size <= size. Reads O(log² n) complete nodes at most.
Proof make_inclusion(std::uint64_t index, std::uint64_t size, const ReadNode& read);
Proof make_consistency(std::uint64_t old_size, std::uint64_t size, const ReadNode& read);
// Root of the first `size` leaves from stored nodes.
Hash root_from_nodes(std::uint64_t size, const ReadNode& read);

}  // namespace ledger
