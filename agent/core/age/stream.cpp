#include "agent/core/age/stream.h"

#include "agent/core/age/hkdf.h"

namespace edge::age {

namespace {

// Eleven bytes of counter, big endian, and the flag of the last chunk.
Nonce chunk_nonce(std::uint64_t counter, bool last) {
  Nonce nonce{};
  for (std::size_t i = 0; i < 8; ++i) {
    nonce[10 - i] = static_cast<std::uint8_t>(counter >> (8 * i));
  }
  nonce[11] = last ? 1 : 0;
  return nonce;
}

Aead payload_cipher(const FileKey& file_key, ledger::ByteView nonce, Aead::Direction direction) {
  Wiped<32> key;
  hkdf_sha256(file_key.reveal(), nonce, "payload", key.reveal());
  return Aead(key.reveal(), direction);
}

}  // namespace

ChunkSealer::ChunkSealer(const FileKey& file_key, std::span<const std::uint8_t, kPayloadNonceBytes> nonce)
    : aead_(payload_cipher(file_key, nonce, Aead::Direction::kSeal)) {}

void ChunkSealer::seal(ledger::ByteView plaintext, bool last, std::uint8_t* out) {
  aead_.seal(chunk_nonce(counter_++, last), plaintext, out);
}

ChunkOpener::ChunkOpener(const FileKey& file_key, std::span<const std::uint8_t, kPayloadNonceBytes> nonce)
    : aead_(payload_cipher(file_key, nonce, Aead::Direction::kOpen)) {}

bool ChunkOpener::open(ledger::ByteView sealed, std::uint8_t* out) {
  if (saw_last_ || sealed.size() < kTagBytes || sealed.size() > kSealedChunkBytes) {
    return false;
  }
  const bool full = sealed.size() == kSealedChunkBytes;
  if (!full || !aead_.open(chunk_nonce(counter_, false), sealed, out)) {
    saw_last_ = aead_.open(chunk_nonce(counter_, true), sealed, out);
    const bool empty_after_others = sealed.size() == kTagBytes && counter_ > 0;
    if (!saw_last_ || empty_after_others) {
      return false;
    }
  }
  ++counter_;
  return true;
}

}  // namespace edge::age
