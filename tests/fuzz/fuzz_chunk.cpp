#include <algorithm>

#include "agent/core/transfer/chunk.h"
#include "agent/core/transfer/ciphertext_hasher.h"
#include "ledger-client/core/limits.h"
#include "tests/fuzz/require.h"

using namespace edge;

// A chunk is what it was taken from; with a path of its own it is the chunk of a root, and of no other.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ledger::ByteView message{data, size};
  const auto chunk = decode_chunk(message);
  if (!chunk) return 0;
  const auto again = encode_chunk(chunk->path, chunk->data);
  FUZZ_REQUIRE(std::equal(again.begin(), again.end(), message.begin(), message.end()));
  FUZZ_REQUIRE(!chunk->data.empty() && chunk->data.size() <= ledger::limits::kChunkBytes);
  const ledger::Hash root = chunk_root(chunk->data);
  FUZZ_REQUIRE(verified_chunk_root(0, 1, chunk->data, {}, root).has_value());
  ledger::Hash other = root;
  other[0] ^= 1;
  for (const std::uint64_t count : {1, 2, 3, 300}) {
    FUZZ_REQUIRE(!verified_chunk_root(count - 1, count, chunk->data, chunk->path, other).has_value());
    FUZZ_REQUIRE(!verified_chunk_root(count, count, chunk->data, chunk->path, root).has_value());
  }
  return 0;
}
