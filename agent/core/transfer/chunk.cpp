#include "agent/core/transfer/chunk.h"

#include <algorithm>

#include "ledger-client/core/limits.h"

namespace edge {

using ledger::limits::kChunkBytes;

ledger::Bytes encode_chunk(const ledger::Proof& path, ledger::ByteView data) {
  ledger::Bytes message;
  message.reserve(1 + path.size() * 32 + data.size());
  message.push_back(static_cast<std::uint8_t>(path.size()));
  for (const ledger::Hash& hash : path) message.insert(message.end(), hash.begin(), hash.end());
  message.insert(message.end(), data.begin(), data.end());
  return message;
}

ledger::Result<DecodedChunk> decode_chunk(ledger::ByteView message) {
  if (message.empty()) return ledger::Problem{"chunk: empty message"};
  const std::size_t hashes = message[0];
  if (hashes > ledger::kMaxProofHashes) return ledger::Problem{"chunk: path too long"};
  const std::size_t head = 1 + hashes * 32;
  if (message.size() <= head) return ledger::Problem{"chunk: no data"};
  if (message.size() - head > kChunkBytes) return ledger::Problem{"chunk: more data than a chunk holds"};
  DecodedChunk chunk;
  chunk.path.resize(hashes);
  for (std::size_t i = 0; i < hashes; ++i) {
    std::copy_n(message.begin() + static_cast<std::ptrdiff_t>(1 + i * 32), 32, chunk.path[i].begin());
  }
  chunk.data = message.subspan(head);
  return chunk;
}

std::uint64_t chunk_count(std::uint64_t size) {
  return (size + kChunkBytes - 1) / kChunkBytes;
}

std::uint64_t chunk_length(std::uint64_t size, std::uint64_t number) {
  return std::min<std::uint64_t>(kChunkBytes, size - number * kChunkBytes);
}

}  // namespace edge
