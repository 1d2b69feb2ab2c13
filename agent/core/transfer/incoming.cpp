#include "agent/core/transfer/incoming.h"

#include "agent/core/transfer/ciphertext_hasher.h"

namespace edge {

IncomingChunk read_chunk(const ChunkedBytes& whole, std::uint64_t number, ledger::ByteView message) {
  const auto chunk = decode_chunk(message);
  if (!chunk || number >= whole.chunks() || chunk->data.size() != chunk_length(whole.size, number)) return {};
  const auto root = verified_chunk_root(number, whole.chunks(), chunk->data, chunk->path, whole.merkle_root);
  if (!root) return {IncomingChunk::Verdict::kWrong, {}, {}};
  return {IncomingChunk::Verdict::kGood, chunk->data, *root};
}

MemoryAssembler::MemoryAssembler(const ChunkedBytes& whole, std::uint64_t window)
    : whole_(whole), window_(whole.chunks(), window), pieces_(whole.chunks()) {}

MemoryAssembler::Taken MemoryAssembler::take(std::uint64_t number, ledger::ByteView message) {
  if (window_.has(number)) return Taken::kDuplicate;
  const IncomingChunk chunk = read_chunk(whole_, number, message);
  switch (chunk.verdict) {
    case IncomingChunk::Verdict::kUnusable:
      return Taken::kUnusable;
    case IncomingChunk::Verdict::kWrong:
      return Taken::kWrong;
    case IncomingChunk::Verdict::kGood:
      break;
  }
  pieces_[number] = ledger::to_bytes(chunk.data);
  (void)window_.take(number);
  return Taken::kNew;
}

}  // namespace edge
