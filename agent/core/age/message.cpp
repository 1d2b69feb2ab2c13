// Small messages in one call: every step works on the caller's bytes and writes straight to where the result
// lies.
#include <sodium.h>

#include "agent/core/age/payload_file.h"

namespace edge::age {

namespace {

// Chunks that `bytes` of plaintext need; an empty plaintext has one, empty chunk.
constexpr std::uint64_t chunk_count(std::uint64_t bytes) {
  return bytes == 0 ? 1 : (bytes + kChunkBytes - 1) / kChunkBytes;
}

}  // namespace

std::optional<std::size_t> plaintext_size(std::size_t payload) {
  if (payload < kPayloadNonceBytes + kTagBytes) return std::nullopt;
  const std::size_t sealed = payload - kPayloadNonceBytes;
  const std::size_t chunks = (sealed + kSealedChunkBytes - 1) / kSealedChunkBytes;
  const std::size_t last = sealed - (chunks - 1) * kSealedChunkBytes;
  if (last < kTagBytes) return std::nullopt;
  return sealed - chunks * kTagBytes;
}

ledger::Bytes seal_payload(std::string_view stanzas, const FileKey& file_key, ledger::ByteView plaintext) {
  std::array<std::uint8_t, kPayloadNonceBytes> nonce{};
  randombytes_buf(nonce.data(), nonce.size());
  const std::string header = write_header(stanzas, file_key.reveal());
  ledger::Bytes file;
  file.reserve(header.size() + nonce.size() + plaintext.size() + kTagBytes * chunk_count(plaintext.size()));
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

ledger::Result<ledger::Done> open_payload(const FileKey& file_key, ledger::ByteView payload,
                                          std::span<std::uint8_t> out) {
  ChunkOpener opener(file_key, payload.first<kPayloadNonceBytes>());
  payload = payload.subspan(kPayloadNonceBytes);
  std::size_t filled = 0;
  do {
    const ledger::ByteView sealed = payload.first(std::min(payload.size(), kSealedChunkBytes));
    if (!opener.open(sealed, out.data() + filled)) {
      wipe(out);
      return ledger::Problem{kPayloadFailure};
    }
    filled += sealed.size() - kTagBytes;
    payload = payload.subspan(sealed.size());
  } while (!payload.empty() || !opener.saw_last());
  return ledger::Done{};
}

ledger::Bytes seal(const Recipient& recipient, ledger::ByteView plaintext) {
  return seal(Agreement(recipient), plaintext);
}

ledger::Bytes seal(Agreement agreement, ledger::ByteView plaintext) {
  FileKey file_key;
  randombytes_buf(file_key.reveal().data(), kFileKeyBytes);
  return seal_payload(wrap_file_key(std::move(agreement), file_key), file_key, plaintext);
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
  const ledger::ByteView payload = file.subspan(scanner.size());
  const auto size = plaintext_size(payload.size());
  if (!size) return ledger::Problem{payload.size() < kPayloadNonceBytes ? kHeaderFailure : kPayloadFailure};
  ledger::Bytes plaintext(*size);
  if (const auto done = open_payload(file_key, payload, plaintext); !done) return done.error();
  return plaintext;
}

}  // namespace edge::age
