#include "agent/core/transfer/ciphertext_hasher.h"

#include <catch2/catch.hpp>

#include "ledger-client/core/limits.h"

namespace {

using edge::CiphertextHasher;
using ledger::limits::kChunkBytes;

ledger::Bytes some_bytes(std::size_t size) {
  ledger::Bytes bytes(size);
  std::uint32_t state = 7;
  for (std::uint8_t& byte : bytes) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<std::uint8_t>(state >> 24U);
  }
  return bytes;
}

CiphertextHasher::Digests hash_in_pieces(
    ledger::ByteView bytes, std::size_t piece,
    CiphertextHasher::Threads threads = CiphertextHasher::Threads::kOne) {
  CiphertextHasher hasher(threads);
  while (!bytes.empty()) {
    const auto now = bytes.first(std::min(piece, bytes.size()));
    hasher.update(now);
    bytes = bytes.subspan(now.size());
  }
  return hasher.finish();
}

// The definition: every leaf of 1 KiB, then the tree over all of them, whatever the chunks.
ledger::Hash plain_root(ledger::ByteView bytes) {
  std::vector<ledger::Hash> leaves;
  for (std::size_t at = 0; at < bytes.size(); at += 1024) {
    leaves.push_back(ledger::leaf_hash(bytes.subspan(at, std::min<std::size_t>(1024, bytes.size() - at))));
  }
  return ledger::root_of_leaves(leaves);
}

ledger::ByteView chunk(ledger::ByteView bytes, std::size_t n) {
  return bytes.subspan(n * kChunkBytes, std::min(kChunkBytes, bytes.size() - n * kChunkBytes));
}

}  // namespace

TEST_CASE("the root over chunks is the plain root over 1 KiB leaves, for every size around a boundary") {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{1023}, std::size_t{1024}, std::size_t{1025},
        kChunkBytes - 1, kChunkBytes, kChunkBytes + 1, 2 * kChunkBytes, 5 * kChunkBytes + 3000}) {
    const ledger::Bytes bytes = some_bytes(size);
    const auto digests = hash_in_pieces(bytes, 65552);
    CHECK(digests.size == size);
    CHECK(digests.sha256 == ledger::sha256(bytes));
    CHECK(digests.merkle_root == plain_root(bytes));
    CHECK(digests.chunk_roots.size() == (size + kChunkBytes - 1) / kChunkBytes);
  }
}

TEST_CASE("the pieces a ciphertext comes in do not matter") {
  const ledger::Bytes bytes = some_bytes(kChunkBytes + 5000);
  const auto whole = hash_in_pieces(bytes, bytes.size());
  for (const std::size_t piece : {1, 7, 1000, 1024, 1025, 4096}) {
    const auto digests = hash_in_pieces(bytes, piece);
    CHECK(digests.merkle_root == whole.merkle_root);
    CHECK(digests.chunk_roots == whole.chunk_roots);
    CHECK(digests.sha256 == whole.sha256);
  }
}

TEST_CASE("a second thread gives the same digests, also again, and ends when it is abandoned") {
  const ledger::Bytes bytes = some_bytes(9 * kChunkBytes + 777);
  const auto expected = hash_in_pieces(bytes, bytes.size());
  for (const std::size_t piece : {std::size_t{5000}, std::size_t{65552}, bytes.size() / 2}) {
    const auto digests = hash_in_pieces(bytes, piece, CiphertextHasher::Threads::kTwo);
    CHECK(digests.size == bytes.size());
    CHECK(digests.sha256 == expected.sha256);
    CHECK(digests.merkle_root == expected.merkle_root);
    CHECK(digests.chunk_roots == expected.chunk_roots);
  }
  CiphertextHasher hasher(CiphertextHasher::Threads::kTwo);
  for (int round = 0; round < 2; ++round) {
    hasher.update(ledger::ByteView(bytes).first(3 * kChunkBytes));
    hasher.update(ledger::ByteView(bytes).subspan(3 * kChunkBytes));
    CHECK(hasher.finish().merkle_root == expected.merkle_root);
  }
  hasher.update(bytes);
  hasher.update(bytes);
}

TEST_CASE("a hasher is as new after finish") {
  CiphertextHasher hasher;
  hasher.update(some_bytes(3000));
  const auto first = hasher.finish();
  CHECK(hasher.finish().merkle_root == ledger::empty_root());
  hasher.update(some_bytes(3000));
  CHECK(hasher.finish().merkle_root == first.merkle_root);
}

TEST_CASE("each chunk verifies with its own path only") {
  for (const std::size_t count : {1, 2, 3, 5, 8, 13}) {
    const ledger::Bytes bytes = some_bytes((count - 1) * kChunkBytes + 1500);
    const auto digests = hash_in_pieces(bytes, bytes.size());
    const edge::ChunkTree tree(digests.chunk_roots);
    REQUIRE(tree.size() == count);
    for (std::size_t n = 0; n < count; ++n) {
      const ledger::Proof path = tree.path(n);
      CHECK(path == edge::ChunkTree(digests.chunk_roots).path(n));
      CHECK(edge::verified_chunk_root(n, count, chunk(bytes, n), path, digests.merkle_root).has_value());
      CHECK_FALSE(
          edge::verified_chunk_root((n + 1) % (count + 1), count, chunk(bytes, n), path, digests.merkle_root)
              .has_value());
      ledger::Bytes flipped = ledger::to_bytes(chunk(bytes, n));
      flipped[flipped.size() / 2] ^= 1;
      CHECK_FALSE(edge::verified_chunk_root(n, count, flipped, path, digests.merkle_root).has_value());
    }
  }
}

TEST_CASE("a chunk that is cut, grown, empty or beyond the last is refused") {
  const ledger::Bytes bytes = some_bytes(2 * kChunkBytes);
  const auto digests = hash_in_pieces(bytes, bytes.size());
  const ledger::Proof first = edge::ChunkTree(digests.chunk_roots).path(0);
  CHECK(edge::verified_chunk_root(0, 2, chunk(bytes, 0), first, digests.merkle_root).has_value());
  CHECK_FALSE(
      edge::verified_chunk_root(0, 2, chunk(bytes, 0).first(kChunkBytes - 1), first, digests.merkle_root)
          .has_value());
  CHECK_FALSE(edge::verified_chunk_root(0, 2, ledger::ByteView(bytes).first(kChunkBytes + 1), first,
                                        digests.merkle_root)
                  .has_value());
  CHECK_FALSE(edge::verified_chunk_root(0, 2, {}, first, digests.merkle_root).has_value());
  CHECK_FALSE(edge::verified_chunk_root(2, 2, chunk(bytes, 0), first, digests.merkle_root).has_value());
  CHECK_FALSE(edge::verified_chunk_root(0, 0, chunk(bytes, 0), {}, digests.merkle_root).has_value());
  ledger::Proof longer = first;
  longer.push_back(ledger::Hash{});
  CHECK_FALSE(edge::verified_chunk_root(0, 2, chunk(bytes, 0), longer, digests.merkle_root).has_value());
}
