// The payload of an age file (formats.md 1.5, 1.6): a nonce, then 64 KiB chunks that say which one is the
// last. One object belongs to one thread at a time.
#pragma once

#include "agent/core/age/aead.h"
#include "agent/core/age/age.h"
#include "agent/core/age/stanza.h"

namespace edge::age {

inline constexpr std::size_t kPayloadNonceBytes = 16;
inline constexpr std::size_t kSealedChunkBytes = kChunkBytes + kTagBytes;

// Seals chunk after chunk.
class ChunkSealer {
 public:
  ChunkSealer(const FileKey& file_key, std::span<const std::uint8_t, kPayloadNonceBytes> nonce);
  // Writes plaintext.size() + kTagBytes bytes at `out`. Every chunk but the last is full.
  void seal(ledger::ByteView plaintext, bool last, std::uint8_t* out);

 private:
  Aead aead_;
  std::uint64_t counter_ = 0;
};

// Opens chunk after chunk, until the one that was sealed as the last.
class ChunkOpener {
 public:
  ChunkOpener(const FileKey& file_key, std::span<const std::uint8_t, kPayloadNonceBytes> nonce);
  // `sealed` is a full chunk, or a shorter one at the end of the file. Writes sealed.size() - kTagBytes bytes
  // at `out`.
  [[nodiscard]] bool open(ledger::ByteView sealed, std::uint8_t* out);
  bool saw_last() const { return saw_last_; }

 private:
  Aead aead_;
  std::uint64_t counter_ = 0;
  bool saw_last_ = false;
};

}  // namespace edge::age
