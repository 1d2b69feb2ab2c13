// Chunks as they come in (wire.md, An answer): each is judged alone against the manifest's Merkle root,
// wherever it is kept then. Pure; a MemoryAssembler has one owner.
#pragma once

#include "agent/core/transfer/chunk.h"
#include "agent/core/transfer/window.h"

namespace edge {

// What a manifest says about the bytes its chunks make.
struct ChunkedBytes {
  std::uint64_t size = 0;
  ledger::Hash merkle_root{};

  std::uint64_t chunks() const { return chunk_count(size); }
};

struct IncomingChunk {
  // kUnusable: can't be a chunk of these bytes. kWrong: has the form of one, but is not what the root says,
  // so it is missing still.
  enum class Verdict { kGood, kUnusable, kWrong };
  Verdict verdict = Verdict::kUnusable;
  ledger::ByteView data;  // view into the message; kGood only
  ledger::Hash root{};    // of the data; kGood only
};
IncomingChunk read_chunk(const ChunkedBytes& whole, std::uint64_t number, ledger::ByteView message);

// A small answer put together in memory. It takes no more memory than what has come and was verified.
class MemoryAssembler {
 public:
  // `window` in chunks, as in ReceiveWindow.
  MemoryAssembler(const ChunkedBytes& whole, std::uint64_t window);

  enum class Taken { kNew, kDuplicate, kUnusable, kWrong };
  Taken take(std::uint64_t number, ledger::ByteView message);
  bool complete() const { return window_.complete(); }
  bool ack_due() const { return window_.ack_due(); }
  ReceiveWindow::State acknowledge(std::size_t limit) { return window_.acknowledge(limit); }
  // The bytes in order, piece by piece. Precondition: complete().
  const std::vector<ledger::Bytes>& pieces() const { return pieces_; }

 private:
  ChunkedBytes whole_;
  ReceiveWindow window_;
  std::vector<ledger::Bytes> pieces_;
};

}  // namespace edge
