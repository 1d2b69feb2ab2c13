#include "agent/core/transfer/incoming.h"

#include <catch2/catch.hpp>

#include "agent/core/transfer/ciphertext_hasher.h"
#include "ledger-client/core/limits.h"

using namespace edge;
using ledger::limits::kChunkBytes;

namespace {

// Bytes of two and a half chunks, and the messages that carry them.
struct Transfer {
  Transfer() {
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
    CiphertextHasher hasher;
    hasher.update(bytes);
    digests = hasher.finish();
  }
  ChunkedBytes whole() const { return {digests.size, digests.merkle_root}; }
  ledger::Bytes message(std::uint64_t number) const {
    return encode_chunk(
        ChunkTree(digests.chunk_roots).path(number),
        ledger::ByteView(bytes).subspan(number * kChunkBytes, chunk_length(bytes.size(), number)));
  }

  ledger::Bytes bytes = ledger::Bytes(2 * kChunkBytes + kChunkBytes / 2);
  CiphertextHasher::Digests digests;
};

}  // namespace

TEST_CASE("an answer is put together in memory from chunks in any order") {
  const Transfer transfer;
  MemoryAssembler assembler(transfer.whole(), 4);
  CHECK(assembler.take(2, transfer.message(2)) == MemoryAssembler::Taken::kNew);
  CHECK_FALSE(assembler.ack_due());
  CHECK(assembler.acknowledge(9).missing == std::vector<std::uint64_t>{0, 1});
  CHECK(assembler.take(2, transfer.message(2)) == MemoryAssembler::Taken::kDuplicate);
  CHECK(assembler.take(0, transfer.message(0)) == MemoryAssembler::Taken::kNew);
  CHECK_FALSE(assembler.complete());
  CHECK(assembler.take(1, transfer.message(1)) == MemoryAssembler::Taken::kNew);
  CHECK(assembler.complete());
  CHECK(assembler.ack_due());
  const auto last = assembler.acknowledge(9);
  CHECK(last.next == 3);
  CHECK(last.missing.empty());
  ledger::Bytes all;
  for (const auto& piece : assembler.pieces()) all.insert(all.end(), piece.begin(), piece.end());
  CHECK(all == transfer.bytes);
}

TEST_CASE("what is no chunk of an answer, or not the right one, is told apart and not kept") {
  const Transfer transfer;
  MemoryAssembler assembler(transfer.whole(), 4);
  using Taken = MemoryAssembler::Taken;
  const auto flipped = [&](std::uint64_t number, std::size_t at) {
    auto message = transfer.message(number);
    message.at(at) ^= 1;
    return message;
  };
  CHECK(assembler.take(0, {}) == Taken::kUnusable);
  CHECK(assembler.take(3, transfer.message(2)) == Taken::kUnusable);
  CHECK(assembler.take(~std::uint64_t{0}, transfer.message(2)) == Taken::kUnusable);
  CHECK(assembler.take(2, transfer.message(0)) == Taken::kUnusable);  // too long for the last one
  CHECK(assembler.take(0, ledger::ByteView(transfer.message(0)).first(100)) == Taken::kUnusable);
  CHECK(assembler.take(0, transfer.message(1)) == Taken::kWrong);
  CHECK(assembler.take(0, flipped(0, 5)) == Taken::kWrong);      // in the path
  CHECK(assembler.take(0, flipped(0, 5'000)) == Taken::kWrong);  // in the data
  CHECK_FALSE(assembler.complete());
  CHECK(assembler.pieces() == std::vector<ledger::Bytes>(3));
}
