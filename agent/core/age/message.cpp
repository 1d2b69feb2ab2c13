// Small messages in one call: every step works on the caller's bytes and writes straight to where the result
// lies.
#include <sodium.h>

#include "agent/core/age/stream.h"

namespace edge::age {

namespace {

constexpr std::size_t kStanzaBytes = 54 + 44;
constexpr std::size_t kHeaderBytes = 22 + kStanzaBytes + 48;

// Chunks that `bytes` of plaintext need; an empty plaintext has one, empty chunk.
constexpr std::uint64_t chunk_count(std::uint64_t bytes) {
  return bytes == 0 ? 1 : (bytes + kChunkBytes - 1) / kChunkBytes;
}

ledger::Result<ledger::Bytes> open_payload(const FileKey& file_key, ledger::ByteView payload) {
  if (payload.size() < kPayloadNonceBytes) {
    return ledger::Problem{kHeaderFailure};
  }
  ChunkOpener opener(file_key, payload.first<kPayloadNonceBytes>());
  payload = payload.subspan(kPayloadNonceBytes);
  ledger::Bytes plaintext(payload.size());
  std::size_t filled = 0;
  do {
    const ledger::ByteView sealed = payload.first(std::min(payload.size(), kSealedChunkBytes));
    if (!opener.open(sealed, plaintext.data() + filled)) {
      wipe(plaintext);
      return ledger::Problem{kPayloadFailure};
    }
    filled += sealed.size() - kTagBytes;
    payload = payload.subspan(sealed.size());
  } while (!payload.empty() || !opener.saw_last());
  plaintext.resize(filled);
  return plaintext;
}

}  // namespace

std::uint64_t encrypted_size(std::uint64_t plaintext) {
  return kHeaderBytes + kPayloadNonceBytes + plaintext + kTagBytes * chunk_count(plaintext);
}

ledger::Bytes seal(const Recipient& recipient, ledger::ByteView plaintext) {
  FileKey file_key;
  std::array<std::uint8_t, kPayloadNonceBytes> nonce{};
  randombytes_buf(file_key.reveal().data(), kFileKeyBytes);
  randombytes_buf(nonce.data(), nonce.size());
  const std::string header = write_header(wrap_file_key(recipient, file_key), file_key.reveal());
  ledger::Bytes file;
  file.reserve(encrypted_size(plaintext.size()));
  file.insert(file.end(), header.begin(), header.end());
  file.insert(file.end(), nonce.begin(), nonce.end());
  ChunkSealer sealer(file_key, nonce);
  for (std::uint64_t left = chunk_count(plaintext.size()); left > 0; --left) {
    const ledger::ByteView chunk = plaintext.first(std::min(plaintext.size(), kChunkBytes));
    plaintext = plaintext.subspan(chunk.size());
    file.resize(file.size() + chunk.size() + kTagBytes);
    sealer.seal(chunk, left == 1, file.data() + file.size() - chunk.size() - kTagBytes);
  }
  return file;
}

ledger::Result<ledger::Bytes> open(std::span<const Identity* const> identities, ledger::ByteView file,
                                   bool single_stanza) {
  HeaderScanner scanner;
  if (scanner.scan(ledger::as_text(file)) != HeaderScanner::Verdict::kComplete) {
    return ledger::Problem{kHeaderFailure};
  }
  const auto header = parse_header(ledger::as_text(file.first(scanner.size())));
  if (!header || (single_stanza && header->stanzas.size() != 1)) {
    return ledger::Problem{kHeaderFailure};
  }
  FileKey file_key;
  if (const auto done = unwrap_file_key(*header, identities, file_key); !done) {
    return done.error();
  }
  return open_payload(file_key, file.subspan(scanner.size()));
}

}  // namespace edge::age
