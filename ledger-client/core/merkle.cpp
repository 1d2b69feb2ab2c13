#include "ledger-client/core/merkle.h"

#include <algorithm>
#include <bit>

#include "ledger-client/core/sha256.h"

namespace ledger {

Hash leaf_hash(ByteView entry) {
  return sha256_tagged(0x00, entry);
}

Hash node_hash(const Hash& left, const Hash& right) {
  std::array<std::uint8_t, 65> input;
  input[0] = 0x01;
  std::copy(left.begin(), left.end(), input.begin() + 1);
  std::copy(right.begin(), right.end(), input.begin() + 33);
  return sha256(ByteView{input});
}

Hash empty_root() {
  return sha256(ByteView{});
}

Hash root_of_leaves(std::span<const Hash> leaf_hashes) {
  if (leaf_hashes.empty()) return empty_root();
  std::vector<Hash> level(leaf_hashes.begin(), leaf_hashes.end());
  while (level.size() > 1) {
    const std::size_t pairs = level.size() / 2;
    for (std::size_t i = 0; i < pairs; ++i) level[i] = node_hash(level[2 * i], level[2 * i + 1]);
    if (level.size() % 2 != 0) {  // a node without a sibling rises unchanged
      level[pairs] = level.back();
      level.resize(pairs + 1);
    } else {
      level.resize(pairs);
    }
  }
  return level.front();
}

std::optional<Frontier> Frontier::from_nodes(std::uint64_t size, std::vector<Hash> nodes) {
  if (nodes.size() != static_cast<std::size_t>(std::popcount(size))) return std::nullopt;
  Frontier frontier;
  frontier.size_ = size;
  frontier.nodes_ = std::move(nodes);
  return frontier;
}

void Frontier::append(const Hash& leaf) {
  append(leaf, [](unsigned, std::uint64_t, const Hash&) {});
}

Hash Frontier::root() const {
  if (nodes_.empty()) return empty_root();
  Hash root = nodes_.back();
  for (auto left = nodes_.rbegin() + 1; left != nodes_.rend(); ++left) root = node_hash(*left, root);
  return root;
}

}  // namespace ledger
