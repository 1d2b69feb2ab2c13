#include "ledger-client/core/proof.h"

#include <algorithm>
#include <bit>
#include <stdexcept>

namespace ledger {

namespace {

// The path from a node towards the root, as both verifiers walk it: `node` among `last + 1` nodes of its
// level.
class Climb {
 public:
  Climb(std::uint64_t node, std::uint64_t last) : node_(node), last_(last) {}

  bool at_root() const { return last_ == 0; }
  // Skips the levels on which the node is a left child whose subtree is complete.
  void skip_left_subtrees() {
    while (node_ & 1U) up();
  }
  // One proof hash consumed: whether it stands on the left. Precondition: !at_root().
  bool sibling_is_left() {
    const bool left = (node_ & 1U) != 0 || node_ == last_;
    if (left) {
      while ((node_ & 1U) == 0 && node_ != 0) up();  // levels where the right-most node has no sibling
    }
    up();
    return left;
  }

 private:
  void up() {
    node_ >>= 1U;
    last_ >>= 1U;
  }
  std::uint64_t node_, last_;
};

struct Range {
  std::uint64_t begin, end;
  std::uint64_t size() const { return end - begin; }
  // Where RFC 6962 splits: the largest power of two below the size. Precondition: size() > 1.
  std::uint64_t middle() const { return begin + std::bit_floor(size() - 1); }
};

Hash root_of_range(Range range, const ReadNode& read) {
  if (std::has_single_bit(range.size())) {
    const auto level = static_cast<unsigned>(std::countr_zero(range.size()));
    return read(level, range.begin >> level);
  }
  const Hash left = root_of_range({range.begin, range.middle()}, read);
  return node_hash(left, root_of_range({range.middle(), range.end}, read));
}

}  // namespace

std::optional<Hash> root_from_inclusion(std::uint64_t index, std::uint64_t size, const Hash& leaf,
                                        std::span<const Hash> proof) {
  if (index >= size || proof.size() > kMaxProofHashes) return std::nullopt;
  Climb climb(index, size - 1);
  Hash root = leaf;
  for (const Hash& sibling : proof) {
    if (climb.at_root()) return std::nullopt;
    root = climb.sibling_is_left() ? node_hash(sibling, root) : node_hash(root, sibling);
  }
  if (!climb.at_root()) return std::nullopt;
  return root;
}

bool verify_inclusion(std::uint64_t index, std::uint64_t size, const Hash& leaf, std::span<const Hash> proof,
                      const Hash& root) {
  return root_from_inclusion(index, size, leaf, proof) == root;
}

namespace {

// `first`: the old tree's last complete subtree, `rest`: the proof without it. 0 < old_size < size.
std::optional<ConsistencyRoots> climb_from(std::uint64_t old_size, std::uint64_t size, const Hash& first,
                                           std::span<const Hash> rest) {
  Climb climb(old_size - 1, size - 1);
  climb.skip_left_subtrees();
  ConsistencyRoots roots{first, first};
  for (const Hash& sibling : rest) {
    if (climb.at_root()) return std::nullopt;
    if (climb.sibling_is_left()) {
      roots.old_root = node_hash(sibling, roots.old_root);
      roots.root = node_hash(sibling, roots.root);
    } else {
      roots.root = node_hash(roots.root, sibling);
    }
  }
  if (!climb.at_root()) return std::nullopt;
  return roots;
}

}  // namespace

std::optional<ConsistencyRoots> roots_from_consistency(std::uint64_t old_size, std::uint64_t size,
                                                       std::span<const Hash> proof) {
  if (old_size == 0 || old_size >= size || std::has_single_bit(old_size)) return std::nullopt;
  if (proof.empty() || proof.size() > kMaxProofHashes) return std::nullopt;
  return climb_from(old_size, size, proof.front(), proof.subspan(1));
}

bool verify_consistency(std::uint64_t old_size, std::uint64_t size, const Hash& old_root, const Hash& root,
                        std::span<const Hash> proof) {
  if (old_size == 0 || old_size > size || proof.size() > kMaxProofHashes) return false;
  if (old_size == size) return proof.empty() && old_root == root;
  if (proof.empty()) return false;
  // Where the old tree is one complete subtree its root is the first node, and the proof leaves it out.
  const auto roots = std::has_single_bit(old_size)
                         ? climb_from(old_size, size, old_root, proof)
                         : climb_from(old_size, size, proof.front(), proof.subspan(1));
  return roots && roots->old_root == old_root && roots->root == root;
}

Proof make_inclusion(std::uint64_t index, std::uint64_t size, const ReadNode& read) {
  if (index >= size) throw std::invalid_argument("inclusion proof: index is not in the tree");
  Proof proof;
  for (Range range{0, size}; range.size() > 1;) {
    const std::uint64_t middle = range.middle();
    const bool in_left = index < middle;
    proof.push_back(in_left ? root_of_range({middle, range.end}, read)
                            : root_of_range({range.begin, middle}, read));
    (in_left ? range.end : range.begin) = middle;
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

Proof make_consistency(std::uint64_t old_size, std::uint64_t size, const ReadNode& read) {
  if (old_size == 0 || old_size > size) throw std::invalid_argument("consistency proof: sizes out of order");
  Proof proof;
  Range range{0, size};
  while (range.end != old_size) {
    const std::uint64_t middle = range.middle();
    const bool in_left = old_size <= middle;
    proof.push_back(in_left ? root_of_range({middle, range.end}, read)
                            : root_of_range({range.begin, middle}, read));
    (in_left ? range.end : range.begin) = middle;
  }
  // What is left is the old tree's last complete subtree; where that is all of it, the verifier has it as the
  // old root.
  if (range.begin != 0) proof.push_back(root_of_range(range, read));
  std::reverse(proof.begin(), proof.end());
  return proof;
}

Hash root_from_nodes(std::uint64_t size, const ReadNode& read) {
  return size == 0 ? empty_root() : root_of_range({0, size}, read);
}

}  // namespace ledger
