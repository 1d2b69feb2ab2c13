#include "agent/core/age/passphrase.h"

#include <sodium.h>

#include <algorithm>
#include <new>

#include "agent/core/age/hkdf.h"
#include "agent/core/age/payload_file.h"
#include "agent/core/age/stanza.h"
#include "ledger-client/core/base64.h"

namespace edge::age {

namespace {

constexpr std::string_view kType = "scrypt";
constexpr std::string_view kLabel = "age-encryption.org/v1/scrypt";
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kWrappedBytes = kFileKeyBytes + kTagBytes;
constexpr std::uint32_t kBlockSize = 8, kParallel = 1;
constexpr Nonce kZeroNonce{};  // a wrap key is used once

void stretch(const Secret& passphrase, ledger::ByteView salt, unsigned factor, Key32 out) {
  std::array<std::uint8_t, kLabel.size() + kSaltBytes> labelled{};
  std::copy(salt.begin(), salt.end(), std::copy(kLabel.begin(), kLabel.end(), labelled.begin()));
  if (crypto_pwhash_scryptsalsa208sha256_ll(passphrase.reveal().data(), passphrase.size(), labelled.data(),
                                            labelled.size(), std::uint64_t{1} << factor, kBlockSize,
                                            kParallel, out.data(), out.size()) != 0)
    throw std::bad_alloc();
}

// Decimal without sign or leading zero, at most the maximum.
std::optional<unsigned> read_factor(std::string_view text) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.empty() || text.size() > 2 || text.front() == '0' || !std::all_of(text.begin(), text.end(), digit))
    return std::nullopt;
  const auto factor = static_cast<unsigned>(std::stoul(std::string(text)));
  return factor <= kMaxScryptFactor ? std::optional{factor} : std::nullopt;
}

ledger::Result<ledger::Done> unwrap_with(const Secret& passphrase, const Header& header, FileKey& file_key) {
  const auto is_scrypt = [](const Stanza& stanza) { return stanza.arguments.front() == kType; };
  if (std::none_of(header.stanzas.begin(), header.stanzas.end(), is_scrypt)) return ledger::Problem{kNoMatch};
  if (header.stanzas.size() != 1) return ledger::Problem{kHeaderFailure};  // it must stand alone
  const Stanza& stanza = header.stanzas.front();
  if (stanza.arguments.size() != 3) return ledger::Problem{kHeaderFailure};
  const auto salt = ledger::base64_decode_unpadded(stanza.arguments[1]);
  const auto factor = read_factor(stanza.arguments[2]);
  if (!salt || salt->size() != kSaltBytes || !factor || stanza.body.size() != kWrappedBytes)
    return ledger::Problem{kHeaderFailure};
  Wiped<32> key;
  stretch(passphrase, *salt, *factor, key.reveal());
  Aead aead(key.reveal(), Aead::Direction::kOpen);
  if (!aead.open(kZeroNonce, stanza.body, file_key.reveal().data())) return ledger::Problem{kNoMatch};
  if (!header_mac_matches(header, file_key.reveal())) return ledger::Problem{kMacFailure};
  return ledger::Done{};
}

// Takes the header apart and opens the payload with the file key `unwrap` finds.
template <class Unwrap>
ledger::Result<Secret> open_file(ledger::ByteView file, const Unwrap& unwrap) {
  HeaderScanner scanner;
  if (scanner.scan(ledger::as_text(file)) != HeaderScanner::Verdict::kComplete)
    return ledger::Problem{kHeaderFailure};
  const auto header = parse_header(ledger::as_text(file.first(scanner.size())));
  if (!header) return header.error();
  FileKey file_key;
  if (const auto done = unwrap(*header, file_key); !done) return done.error();
  const ledger::ByteView payload = file.subspan(scanner.size());
  const auto size = plaintext_size(payload.size());
  if (!size) return ledger::Problem{payload.size() < kPayloadNonceBytes ? kHeaderFailure : kPayloadFailure};
  Secret plaintext(*size);
  if (const auto done = open_payload(file_key, payload, plaintext.reveal()); !done) return done.error();
  return plaintext;
}

}  // namespace

ledger::Bytes seal_with_passphrase(const Secret& passphrase, ledger::ByteView plaintext, unsigned factor) {
  FileKey file_key;
  Wiped<32> key;
  std::array<std::uint8_t, kSaltBytes> salt{};
  std::array<std::uint8_t, kWrappedBytes> body{};
  randombytes_buf(file_key.reveal().data(), kFileKeyBytes);
  randombytes_buf(salt.data(), salt.size());
  stretch(passphrase, salt, factor, key.reveal());
  Aead(key.reveal(), Aead::Direction::kSeal).seal(kZeroNonce, file_key.reveal(), body.data());
  std::string stanza;
  stanza.append("-> ").append(kType).append(" ").append(ledger::base64_encode_unpadded(salt));
  stanza.append(" ").append(std::to_string(factor)).append("\n");
  stanza.append(ledger::base64_encode_unpadded(body)).append("\n");
  return seal_payload(stanza, file_key, plaintext);
}

ledger::Result<Secret> open_with_passphrase(const Secret& passphrase, ledger::ByteView file) {
  return open_file(file, [&](const Header& header, FileKey& file_key) {
    return unwrap_with(passphrase, header, file_key);
  });
}

ledger::Bytes seal_to_all(std::span<const Recipient> recipients, ledger::ByteView plaintext) {
  FileKey file_key;
  randombytes_buf(file_key.reveal().data(), kFileKeyBytes);
  std::string stanzas;
  for (const Recipient& recipient : recipients) stanzas += wrap_file_key(Agreement(recipient), file_key);
  return seal_payload(stanzas, file_key, plaintext);
}

ledger::Result<Secret> open_secret(std::span<const Identity* const> identities, ledger::ByteView file) {
  return open_file(file, [&](const Header& header, FileKey& file_key) {
    return unwrap_file_key(header, identities, file_key);
  });
}

bool wants_passphrase(ledger::ByteView file) {
  constexpr std::string_view kStanza = "-> scrypt ";
  const std::string_view text = ledger::as_text(file);
  return text.starts_with(kVersionLine) && text.substr(kVersionLine.size()).starts_with(kStanza);
}

}  // namespace edge::age
