// Chunk messages (wire.md, An answer): u8 k || k x 32-byte path || data. A chunk is verified alone, against
// the manifest's Merkle root. Pure and thread-safe.
#pragma once

#include "ledger-client/core/proof.h"
#include "ledger-client/core/result.h"

namespace edge {

ledger::Bytes encode_chunk(const ledger::Proof& path, ledger::ByteView data);

struct DecodedChunk {
  ledger::Proof path;
  ledger::ByteView data;  // view into the message
};
ledger::Result<DecodedChunk> decode_chunk(ledger::ByteView message);

// How many chunks a payload of `size` bytes has, and how many bytes chunk `number` of it holds.
std::uint64_t chunk_count(std::uint64_t size);
std::uint64_t chunk_length(std::uint64_t size, std::uint64_t number);

}  // namespace edge
