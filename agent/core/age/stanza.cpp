#include "agent/core/age/stanza.h"

#include <sodium.h>

#include <algorithm>
#include <stdexcept>

#include "agent/core/age/aead.h"
#include "agent/core/age/hkdf.h"
#include "agent/core/age/x25519.h"
#include "ledger-client/core/base64.h"

namespace edge::age {

namespace {

constexpr std::string_view kType = "X25519";
constexpr std::string_view kInfo = "age-encryption.org/v1/X25519";
constexpr std::size_t kWrappedBytes = kFileKeyBytes + kTagBytes;
constexpr std::size_t kPointBytes = 32;
constexpr Nonce kZeroNonce{};  // a wrap key is used once

enum class Unwrapped { kYes, kNotMine, kMalformed };

Unwrapped unwrap(const Stanza& stanza, const Identity& identity, FileKey& file_key) {
  if (stanza.arguments.front() != kType) {
    return Unwrapped::kNotMine;
  }
  const auto share =
      stanza.arguments.size() == 2 ? ledger::base64_decode_unpadded(stanza.arguments[1]) : std::nullopt;
  if (!share || share->size() != kPointBytes || stanza.body.size() != kWrappedBytes) {
    return Unwrapped::kMalformed;
  }
  Wiped<32> shared;
  Wiped<32> key;
  if (!x25519(identity.secret().reveal().first<kPointBytes>(), ledger::ByteView(*share).first<kPointBytes>(),
              shared.reveal())) {
    return Unwrapped::kMalformed;  // a low-order share
  }
  wrap_key(shared.reveal(), *share, identity.recipient().bytes(), key.reveal());
  Aead aead(key.reveal(), Aead::Direction::kOpen);
  return aead.open(kZeroNonce, stanza.body, file_key.reveal().data()) ? Unwrapped::kYes : Unwrapped::kNotMine;
}

bool has_misplaced_scrypt(const Header& header) {
  return header.stanzas.size() > 1 &&
         std::any_of(header.stanzas.begin(), header.stanzas.end(),
                     [](const Stanza& stanza) { return stanza.arguments.front() == "scrypt"; });
}

}  // namespace

void wrap_key(ledger::ByteView shared, ledger::ByteView share, ledger::ByteView recipient, Key32 out) {
  std::array<std::uint8_t, 64> salt{};
  std::copy(recipient.begin(), recipient.end(), std::copy(share.begin(), share.end(), salt.begin()));
  hkdf_sha256(shared, salt, kInfo, out);
}

std::string wrap_file_key(Agreement agreement, const FileKey& file_key) {
  std::array<std::uint8_t, kWrappedBytes> body{};
  Aead(agreement.key(), Aead::Direction::kSeal).seal(kZeroNonce, file_key.reveal(), body.data());
  std::string text;
  text.append("-> ").append(kType).append(" ").append(ledger::base64_encode_unpadded(agreement.share()));
  return text.append("\n").append(ledger::base64_encode_unpadded(body)).append("\n");
}

ledger::Result<ledger::Done> unwrap_file_key(const Header& header,
                                             std::span<const Identity* const> identities, FileKey& file_key) {
  if (has_misplaced_scrypt(header)) {
    return ledger::Problem{kHeaderFailure};
  }
  for (const Identity* identity : identities) {
    for (const Stanza& stanza : header.stanzas) {
      const Unwrapped unwrapped = unwrap(stanza, *identity, file_key);
      if (unwrapped == Unwrapped::kMalformed) {
        return ledger::Problem{kHeaderFailure};
      }
      if (unwrapped == Unwrapped::kYes) {
        if (!header_mac_matches(header, file_key.reveal())) {
          return ledger::Problem{kMacFailure};
        }
        return ledger::Done{};
      }
    }
  }
  return ledger::Problem{kNoMatch};
}

}  // namespace edge::age
