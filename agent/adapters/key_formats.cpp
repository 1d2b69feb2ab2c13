#include "agent/adapters/key_formats.h"

#include <sodium.h>

#include <algorithm>

#include "agent/core/signing.h"

namespace edge {

namespace {

constexpr std::string_view kPemBegin = "-----BEGIN PRIVATE KEY-----";
constexpr std::string_view kPemEnd = "-----END PRIVATE KEY-----";
constexpr std::string_view kSkeyPrefix = "PRIVATE+KEY+";
constexpr std::size_t kSeedBytes = 32;

// SEQUENCE { version 0, SEQUENCE { 1.3.101.112 }, OCTET STRING { OCTET STRING { the seed follows
constexpr std::array<std::uint8_t, 16> kPkcs8Start = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                                      0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};

std::string_view text_of(const Secret& secret) {
  return ledger::as_text(secret.reveal());
}

// Exactly out.size() bytes; white space is skipped where `ignore` names it. libsodium's coder takes the same
// time for every key.
bool decode_base64(std::string_view text, const char* ignore, std::span<std::uint8_t> out) {
  std::size_t size = 0;
  const char* end = nullptr;
  return sodium_base642bin(out.data(), out.size(), text.data(), text.size(), ignore, &size, &end,
                           sodium_base64_VARIANT_ORIGINAL) == 0 &&
         size == out.size() && end == text.data() + text.size();
}

std::size_t base64_size(std::size_t bytes) {
  return (bytes + 2) / 3 * 4;
}

// before || base64(bytes) || after
Secret with_base64(std::string_view before, std::span<const std::uint8_t> bytes, std::string_view after) {
  Secret encoded(base64_size(bytes.size()) + 1);  // libsodium ends it with a zero byte
  sodium_bin2base64(reinterpret_cast<char*>(encoded.reveal().data()), encoded.size(), bytes.data(),
                    bytes.size(), sodium_base64_VARIANT_ORIGINAL);
  Secret text(before.size() + encoded.size() - 1 + after.size());
  std::uint8_t* at = std::copy(before.begin(), before.end(), text.reveal().data());
  at = std::copy_n(encoded.reveal().data(), encoded.size() - 1, at);
  std::copy(after.begin(), after.end(), at);
  return text;
}

std::string key_id_hex(std::string_view name, const Secret& seed) {
  const ledger::NoteKey key{std::string(name), ledger::NoteKeyType::kEd25519,
                            make_ed25519_signer(seed)->public_key()};
  return ledger::to_hex(key.id());
}

}  // namespace

std::optional<Secret> seed_from_pem(const Secret& text) {
  const std::string_view pem = text_of(text);
  const std::size_t begin = pem.find(kPemBegin);
  if (begin == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view rest = pem.substr(begin + kPemBegin.size());
  const std::size_t end = rest.find(kPemEnd);
  Wiped<kPkcs8Start.size() + kSeedBytes> der;
  if (end == std::string_view::npos || rest.find(kPemBegin) != std::string_view::npos ||
      !decode_base64(rest.substr(0, end), " \t\r\n", der.reveal()) ||
      !std::equal(kPkcs8Start.begin(), kPkcs8Start.end(), der.reveal().begin())) {
    return std::nullopt;
  }
  return Secret(der.reveal().last<kSeedBytes>());
}

Secret pem_from_seed(const Secret& seed) {
  Secret der(kPkcs8Start.size() + seed.size());
  const auto after = std::copy(kPkcs8Start.begin(), kPkcs8Start.end(), der.reveal().begin());
  std::copy(seed.reveal().begin(), seed.reveal().end(), after);
  return with_base64(std::string(kPemBegin) + "\n", der.reveal(), "\n" + std::string(kPemEnd) + "\n");
}

std::optional<ledger::PublicKey> key_from_ec_point(std::span<const std::uint8_t> point) {
  constexpr std::array<std::uint8_t, 2> kOctets = {0x04, 0x20};
  ledger::PublicKey key;
  if (point.size() == kOctets.size() + key.bytes.size() &&
      std::equal(kOctets.begin(), kOctets.end(), point.begin())) {
    point = point.subspan(kOctets.size());
  }
  if (point.size() != key.bytes.size()) {
    return std::nullopt;
  }
  std::copy(point.begin(), point.end(), key.bytes.begin());
  return key;
}

std::optional<NoteSeed> seed_from_skey(const Secret& text) {
  std::string_view rest = text_of(text);
  if (rest.ends_with('\n')) {
    rest.remove_suffix(1);
  }
  if (!rest.starts_with(kSkeyPrefix)) {
    return std::nullopt;
  }
  rest.remove_prefix(kSkeyPrefix.size());
  const std::size_t name_end = rest.find('+');
  const std::size_t id_end = name_end == std::string_view::npos ? name_end : rest.find('+', name_end + 1);
  Wiped<1 + kSeedBytes> typed;
  if (id_end == std::string_view::npos || !decode_base64(rest.substr(id_end + 1), nullptr, typed.reveal()) ||
      typed.reveal().front() != static_cast<std::uint8_t>(ledger::NoteKeyType::kEd25519)) {
    return std::nullopt;
  }
  NoteSeed key{std::string(rest.substr(0, name_end)), Secret(typed.reveal().last<kSeedBytes>())};
  if (rest.substr(name_end + 1, id_end - name_end - 1) != key_id_hex(key.name, key.seed)) {
    return std::nullopt;
  }
  return key;
}

Secret skey_from_seed(std::string_view name, const Secret& seed) {
  Wiped<1 + kSeedBytes> typed;
  typed.reveal().front() = static_cast<std::uint8_t>(ledger::NoteKeyType::kEd25519);
  std::copy(seed.reveal().begin(), seed.reveal().end(), typed.reveal().begin() + 1);
  const std::string before =
      std::string(kSkeyPrefix).append(name).append("+").append(key_id_hex(name, seed)).append("+");
  return with_base64(before, typed.reveal(), "\n");
}

}  // namespace edge
