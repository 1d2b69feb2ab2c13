// The Merkle tree of RFC 6962 / RFC 9162 over SHA-256 (formats.md 6). Pure and thread-safe.
#pragma once

#include "ledger-client/core/bytes.h"

namespace ledger {

Hash leaf_hash(ByteView entry);                       // SHA-256(0x00 || entry)
Hash node_hash(const Hash& left, const Hash& right);  // SHA-256(0x01 || left || right)
Hash empty_root();                                    // SHA-256("")
Hash root_of_leaves(std::span<const Hash> leaf_hashes);

// The compact range [0, size): roots of the complete subtrees, largest first. Appending is O(log n).
class Frontier {
 public:
  Frontier() = default;
  // Nothing if `nodes` can't be the frontier of a tree of `size` leaves (popcount(size) nodes are needed).
  static std::optional<Frontier> from_nodes(std::uint64_t size, std::vector<Hash> nodes);

  // `on_node(level, index, hash)` is called for each node that became complete, the leaf itself first (level
  // 0).
  template <class OnNode>
  void append(const Hash& leaf, OnNode&& on_node);
  void append(const Hash& leaf);

  std::uint64_t size() const { return size_; }
  const std::vector<Hash>& nodes() const { return nodes_; }
  Hash root() const;

 private:
  std::uint64_t size_ = 0;
  std::vector<Hash> nodes_;
};

template <class OnNode>
void Frontier::append(const Hash& leaf, OnNode&& on_node) {
  nodes_.push_back(leaf);
  std::uint64_t index = size_;
  unsigned level = 0;
  on_node(level, index, leaf);
  while (index & 1U) {
    const Hash right = nodes_.back();
    nodes_.pop_back();
    nodes_.back() = node_hash(nodes_.back(), right);
    index >>= 1U;
    ++level;
    on_node(level, index, nodes_.back());
  }
  ++size_;
}

// Calls `take(level, index)` for the complete subtrees that [0, size) falls into, largest first: the nodes of
// a frontier.
template <class Take>
void for_each_frontier_node(std::uint64_t size, Take&& take) {
  std::uint64_t start = 0;
  for (int level = 63; level >= 0; --level) {
    const std::uint64_t width = std::uint64_t{1} << static_cast<unsigned>(level);
    if ((size & width) == 0) continue;
    take(static_cast<unsigned>(level), start >> static_cast<unsigned>(level));
    start += width;
  }
}

// Gives the hash of the complete subtree `index` of height `level`: leaves [index << level, (index + 1) <<
// level).
template <class F>
concept NodeReader = requires(F read, unsigned level, std::uint64_t index) {
  { read(level, index) } -> std::convertible_to<Hash>;
};

}  // namespace ledger
