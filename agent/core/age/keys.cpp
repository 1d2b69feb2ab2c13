// Recipients and identities: the two kinds of age keys and their text (formats.md 1.7).
#include <algorithm>

#include "agent/core/age/age.h"
#include "agent/core/age/bech32.h"
#include "agent/core/age/x25519.h"

namespace edge::age {

namespace {

constexpr std::string_view kRecipientPrefix = "age";
constexpr std::string_view kIdentityPrefix = "AGE-SECRET-KEY-";
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kIdentityText = bech32_size(kIdentityPrefix.size(), kKeyBytes);

bool has_low_order(const std::array<std::uint8_t, kKeyBytes>& point) {
  constexpr std::array<std::uint8_t, kKeyBytes> kAnyScalar{8};
  std::array<std::uint8_t, kKeyBytes> product{};
  return !x25519(kAnyScalar, point, product);
}

}  // namespace

ledger::Result<Recipient> Recipient::parse(std::string_view text) {
  Recipient recipient;
  if (!bech32_decode(text, kRecipientPrefix, recipient.bytes_) || has_low_order(recipient.bytes_)) {
    return ledger::Problem{"not an age X25519 recipient"};
  }
  return recipient;
}

std::string Recipient::to_text() const {
  std::string text(bech32_size(kRecipientPrefix.size(), kKeyBytes), '\0');
  bech32_encode(kRecipientPrefix, bytes_, text);
  return text;
}

Identity::Identity(Secret secret) : secret_(std::move(secret)) {
  x25519_base(secret_.reveal().first<kKeyBytes>(), recipient_.bytes_);
}

Identity Identity::generate() {
  return Identity(random_secret(kKeyBytes));
}

ledger::Result<Identity> Identity::parse(const Secret& file) {
  std::string_view rest = ledger::as_text(file.reveal());  // a view: the text stays in the secret
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
    if (!bech32_decode(line, kIdentityPrefix, secret.reveal())) {
      return ledger::Problem{"not an age X25519 identity"};
    }
    return Identity(std::move(secret));
  }
  return ledger::Problem{"no age identity"};
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
  bech32_encode(kIdentityPrefix, secret_.reveal(), {text + comments.size(), kIdentityText});
  text[file.size() - 1] = '\n';
  return file;
}

}  // namespace edge::age
