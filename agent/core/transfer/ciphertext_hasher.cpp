#include "agent/core/transfer/ciphertext_hasher.h"

#include <algorithm>
#include <utility>

#include "ledger-client/core/limits.h"

namespace edge {

namespace {

constexpr std::size_t kLeafBytes = ledger::limits::kTransferLeafBytes;
constexpr std::size_t kLeavesPerChunk = ledger::limits::kChunkBytes / kLeafBytes;
static_assert(ledger::limits::kChunkBytes % kLeafBytes == 0 && (kLeavesPerChunk & (kLeavesPerChunk - 1)) == 0,
              "only complete subtrees make the root over chunks the root over leaves");

}  // namespace

ledger::Hash chunk_root(ledger::ByteView data) {
  std::vector<ledger::Hash> leaves;
  leaves.reserve(kLeavesPerChunk);
  while (!data.empty()) {
    const ledger::ByteView leaf = data.first(std::min(data.size(), kLeafBytes));
    leaves.push_back(ledger::leaf_hash(leaf));
    data = data.subspan(leaf.size());
  }
  return ledger::root_of_leaves(leaves);
}

CiphertextHasher::CiphertextHasher() {
  partial_leaf_.reserve(kLeafBytes);
  leaves_.reserve(kLeavesPerChunk);
}

void CiphertextHasher::update(ledger::ByteView bytes) {
  sha256_.update(bytes);
  digests_.size += bytes.size();
  while (!bytes.empty()) {
    if (partial_leaf_.empty() && bytes.size() >= kLeafBytes) {
      add_leaf(bytes.first(kLeafBytes));
      bytes = bytes.subspan(kLeafBytes);
      continue;
    }
    const std::size_t taken = std::min(bytes.size(), kLeafBytes - partial_leaf_.size());
    partial_leaf_.insert(partial_leaf_.end(), bytes.begin(),
                         bytes.begin() + static_cast<std::ptrdiff_t>(taken));
    bytes = bytes.subspan(taken);
    if (partial_leaf_.size() == kLeafBytes) {
      add_leaf(partial_leaf_);
      partial_leaf_.clear();
    }
  }
}

void CiphertextHasher::add_leaf(ledger::ByteView leaf) {
  leaves_.push_back(ledger::leaf_hash(leaf));
  if (leaves_.size() == kLeavesPerChunk) {
    end_chunk();
  }
}

void CiphertextHasher::end_chunk() {
  digests_.chunk_roots.push_back(ledger::root_of_leaves(leaves_));
  leaves_.clear();
}

CiphertextHasher::Digests CiphertextHasher::finish() {
  if (!partial_leaf_.empty()) {
    add_leaf(partial_leaf_);
    partial_leaf_.clear();
  }
  if (!leaves_.empty()) {
    end_chunk();
  }
  digests_.sha256 = sha256_.finish();
  digests_.merkle_root = ledger::root_of_leaves(digests_.chunk_roots);
  return std::exchange(digests_, {});
}

ChunkTree::ChunkTree(std::vector<ledger::Hash> chunk_roots) {
  levels_.push_back(std::move(chunk_roots));
  while (levels_.back().size() > 1) {
    const std::vector<ledger::Hash>& below = levels_.back();
    std::vector<ledger::Hash> level;
    level.reserve(below.size() / 2);
    for (std::size_t i = 0; i + 1 < below.size(); i += 2) {
      level.push_back(ledger::node_hash(below[i], below[i + 1]));
    }
    levels_.push_back(std::move(level));
  }
}

ledger::Proof ChunkTree::path(std::uint64_t n) const {
  return ledger::make_inclusion(
      n, size(), [this](unsigned level, std::uint64_t index) { return levels_.at(level).at(index); });
}

ledger::Proof chunk_path(const std::vector<ledger::Hash>& chunk_roots, std::uint64_t n) {
  return ChunkTree(chunk_roots).path(n);
}

std::optional<ledger::Hash> verified_chunk_root(std::uint64_t n, std::uint64_t chunk_count,
                                                ledger::ByteView data, std::span<const ledger::Hash> path,
                                                const ledger::Hash& merkle_root) {
  const bool last = n + 1 == chunk_count;
  if (n >= chunk_count || data.empty() || data.size() > ledger::limits::kChunkBytes ||
      (!last && data.size() != ledger::limits::kChunkBytes)) {
    return std::nullopt;
  }
  const ledger::Hash root = chunk_root(data);
  return ledger::verify_inclusion(n, chunk_count, root, path, merkle_root) ? std::optional(root)
                                                                           : std::nullopt;
}

bool verify_chunk(std::uint64_t n, std::uint64_t chunk_count, ledger::ByteView data,
                  std::span<const ledger::Hash> path, const ledger::Hash& merkle_root) {
  return verified_chunk_root(n, chunk_count, data, path, merkle_root).has_value();
}

}  // namespace edge
