// Recipients and identities: the two kinds of age keys and their text (formats.md 1.7).
#include <algorithm>
#include <array>
#include <stdexcept>

#include "agent/core/age/age.h"
#include "agent/core/age/x25519.h"
#include "ledger-client/core/bech32.h"

namespace edge::age {

namespace {

constexpr std::string_view kRecipientPrefix = "age";
constexpr std::string_view kIdentityPrefix = "AGE-SECRET-KEY-";
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kIdentityText = ledger::bech32_size(kIdentityPrefix.size(), kKeyBytes);

using Point = std::array<std::uint8_t, kKeyBytes>;

// p - 1 + `more` for the field's prime p = 2^255 - 19, little endian.
constexpr Point near_prime(std::uint8_t more) {
  Point point{};
  point.fill(0xff);
  point.front() = static_cast<std::uint8_t>(0xec + more);
  point.back() = 0x7f;
  return point;
}

// Every point of low order of Curve25519 and its twist in every spelling of 255 bits (RFC 7748, 6.1). Looking
// costs nothing; multiplying to see whether the result is zero costs as much as sealing to it.
constexpr std::array<Point, 7> kLowOrder{
    Point{0},
    Point{1},
    Point{0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
          0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
    Point{0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
          0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
    near_prime(0),
    near_prime(1),
    near_prime(2)};

bool has_low_order(Point point) {
  point.back() &= 0x7f;  // X25519 ignores the highest bit
  return std::find(kLowOrder.begin(), kLowOrder.end(), point) != kLowOrder.end();
}

}  // namespace

ledger::Result<Recipient> Recipient::parse(std::string_view text) {
  Recipient recipient;
  if (!ledger::bech32_decode(text, kRecipientPrefix, recipient.bytes_) || has_low_order(recipient.bytes_)) {
    return ledger::Problem{"not an age X25519 recipient"};
  }
  return recipient;
}

std::string Recipient::to_text() const {
  std::string text(ledger::bech32_size(kRecipientPrefix.size(), kKeyBytes), '\0');
  ledger::bech32_encode(kRecipientPrefix, bytes_, text);
  return text;
}

Identity::Identity(Secret secret) : secret_(std::move(secret)) {
  x25519_base(secret_.reveal().first<kKeyBytes>(), recipient_.bytes_);
}

Identity Identity::generate() {
  return Identity(random_secret(kKeyBytes));
}

Identity Identity::from_secret(Secret secret) {
  if (secret.size() != kKeyBytes) throw std::invalid_argument("an age identity has 32 bytes");
  return Identity(std::move(secret));
}

ledger::Result<Identity> Identity::parse(const Secret& file) {
  auto all = parse_all(file);
  if (!all) return all.error();
  return std::move(all->front());
}

ledger::Result<std::vector<Identity>> Identity::parse_all(const Secret& file) {
  std::string_view rest = ledger::as_text(file.reveal());  // a view: the text stays in the secret
  std::vector<Identity> identities;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    if (line.empty() || line.front() == '#') {
      continue;
    }
    Secret secret(kKeyBytes);
    if (!ledger::bech32_decode(line, kIdentityPrefix, secret.reveal())) {
      return ledger::Problem{"not an age X25519 identity"};
    }
    identities.push_back(Identity(std::move(secret)));
  }
  if (identities.empty()) {
    return ledger::Problem{"no age identity"};
  }
  return identities;
}

Secret Identity::to_file(std::string_view created) const {
  std::string comments;
  if (!created.empty()) {
    comments.append("# created: ").append(created).append("\n");
  }
  comments.append("# public key: ").append(recipient_.to_text()).append("\n");
  Secret file(comments.size() + kIdentityText + 1);
  auto* const text = reinterpret_cast<char*>(file.reveal().data());
  std::copy(comments.begin(), comments.end(), text);
  ledger::bech32_encode(kIdentityPrefix, secret_.reveal(), {text + comments.size(), kIdentityText});
  text[file.size() - 1] = '\n';
  return file;
}

}  // namespace edge::age
