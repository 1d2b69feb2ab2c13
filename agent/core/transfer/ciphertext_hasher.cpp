#include "agent/core/transfer/ciphertext_hasher.h"

#include <algorithm>
#include <utility>

#include "agent/core/transfer/leaf_hasher.h"
#include "ledger-client/core/limits.h"

namespace edge {

namespace {

// From here on a second thread earns what it costs to start it.
constexpr std::uint64_t kWorthAThread = 2 * ledger::limits::kChunkBytes;

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

CiphertextHasher::CiphertextHasher(Threads threads) : may_use_thread_(threads == Threads::kTwo) {}

CiphertextHasher::~CiphertextHasher() = default;

void CiphertextHasher::update(ledger::ByteView bytes) {
  if (may_use_thread_ && !thread_ && size_ >= kWorthAThread) {
    thread_ = std::make_unique<LeafThread>(std::exchange(leaves_, {}));
  }
  if (thread_) {
    thread_->update(bytes);
  } else {
    leaves_.update(bytes);
  }
  sha256_.update(bytes);
  size_ += bytes.size();
}

CiphertextHasher::Digests CiphertextHasher::finish() {
  Digests digests;
  digests.chunk_roots = thread_ ? thread_->finish() : leaves_.finish();
  thread_.reset();
  digests.sha256 = sha256_.finish();
  digests.merkle_root = ledger::root_of_leaves(digests.chunk_roots);
  digests.size = std::exchange(size_, 0);
  return digests;
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

}  // namespace edge
