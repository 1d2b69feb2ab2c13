#include "agent/core/key_share.h"

#include <sodium.h>

#include <algorithm>
#include <optional>

#include "agent/core/age/passphrase.h"
#include "ledger-client/core/base64.h"

namespace edge {

namespace {

constexpr std::string_view kFirstLine = "ehr/v1/share\n";
constexpr std::string_view kLabel = "ehr/v1/share/seal";
constexpr std::size_t kSetBytes = 16;

// The age identity that opens the secret: BLAKE2b-256(scalar, label).
age::Identity identity_of(const Secret& scalar) {
  Secret key(crypto_generichash_BYTES);
  crypto_generichash_state state;
  crypto_generichash_init(&state, scalar.reveal().data(), scalar.size(), key.size());
  crypto_generichash_update(&state, ledger::as_bytes(kLabel).data(), kLabel.size());
  crypto_generichash_final(&state, key.reveal().data(), key.size());
  sodium_memzero(&state, sizeof state);
  return age::Identity::from_secret(std::move(key));
}

// Takes lines off a text. A line that is not there, or says something else, ends the reading for good.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}
  bool literal(std::string_view line) {
    if (!rest_.starts_with(line)) return false;
    rest_.remove_prefix(line.size());
    return true;
  }
  // What follows `name` and a space.
  std::optional<std::string_view> field(std::string_view name) {
    const auto end = rest_.find('\n');
    if (end == std::string_view::npos || !rest_.starts_with(name) || rest_[name.size()] != ' ')
      return std::nullopt;
    const auto value = rest_.substr(name.size() + 1, end - name.size() - 1);
    rest_.remove_prefix(end + 1);
    return value;
  }
  bool next_is(std::string_view name) const { return rest_.starts_with(name); }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

std::optional<unsigned> small_number(std::string_view text) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.empty() || text.size() > 2 || text.front() == '0' || !std::all_of(text.begin(), text.end(), digit))
    return std::nullopt;
  unsigned number = 0;
  for (const char c : text) number = number * 10 + static_cast<unsigned>(c - '0');
  return number <= shamir::kMaxShares ? std::optional{number} : std::nullopt;
}

// Lower-case hexadecimal, by libsodium: the same time for every value.
bool read_hex(std::string_view text, std::span<std::uint8_t> out) {
  const auto lower = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  std::size_t size = 0;
  return text.size() == 2 * out.size() && std::all_of(text.begin(), text.end(), lower) &&
         sodium_hex2bin(out.data(), out.size(), text.data(), text.size(), nullptr, &size, nullptr) == 0 &&
         size == out.size();
}

bool read_owner(std::string_view text, std::string& owner) {
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '.' || c == ':';
  };
  owner = text;
  return !text.empty() && text.size() <= 39 && std::all_of(text.begin(), text.end(), allowed);
}

// `I of N`
bool read_place(std::string_view text, KeyShare& share) {
  const auto of = text.find(" of ");
  if (of == std::string_view::npos) return false;
  const auto index = small_number(text.substr(0, of)), count = small_number(text.substr(of + 4));
  if (!index || !count || *index > *count) return false;
  share.share.index = *index;
  share.count = *count;
  return true;
}

bool read_commitments(Lines& lines, KeyShare& share) {
  while (lines.next_is("commitment ")) {
    shamir::Commitment commitment{};
    const auto text = lines.field("commitment");
    if (!text || !read_hex(*text, commitment) || share.commitments.size() == share.count) return false;
    share.commitments.push_back(commitment);
  }
  return share.commitments.size() >= 2;
}

bool read_lines(Lines lines, KeyShare& share) {
  std::array<std::uint8_t, kSetBytes> set{};
  share.share.value = Secret(shamir::kScalarBytes);
  const auto field = [&](std::string_view name, auto read) {
    const auto text = lines.field(name);
    return text && read(*text);
  };
  if (!lines.literal(kFirstLine)) return false;
  if (!field("set", [&](std::string_view text) { return read_hex(text, set); })) return false;
  if (!field("owner", [&](std::string_view text) { return read_owner(text, share.owner); })) return false;
  if (!field("share", [&](std::string_view text) { return read_place(text, share); })) return false;
  if (!field("value", [&](std::string_view text) { return read_hex(text, share.share.value.reveal()); }))
    return false;
  if (!read_commitments(lines, share)) return false;
  const auto sealed = lines.field("sealed");
  auto bytes = sealed ? ledger::base64_decode(*sealed) : std::nullopt;
  if (!bytes || bytes->empty() || !lines.at_end()) return false;
  share.set = ledger::to_hex(set);
  share.sealed = std::move(*bytes);
  return true;
}

}  // namespace

std::vector<KeyShare> split_secret(const Secret& secret, const std::string& owner, unsigned count,
                                   unsigned threshold) {
  const Secret scalar = shamir::random_scalar();
  const age::Identity opener = identity_of(scalar);
  const ledger::Bytes sealed = age::seal(opener.recipient(), secret.reveal());
  std::array<std::uint8_t, kSetBytes> set{};
  randombytes_buf(set.data(), set.size());
  shamir::Dealing dealing = shamir::deal(scalar, count, threshold);
  std::vector<KeyShare> shares;
  for (shamir::Share& share : dealing.shares)
    shares.push_back({ledger::to_hex(set), owner, count, std::move(share), dealing.commitments, sealed});
  return shares;
}

Secret share_text(const KeyShare& share) {
  std::string before(kFirstLine), after;
  before.append("set ").append(share.set).append("\nowner ").append(share.owner);
  before.append("\nshare ").append(std::to_string(share.share.index)).append(" of ");
  before.append(std::to_string(share.count)).append("\nvalue ");
  after.append("\n");
  for (const auto& commitment : share.commitments)
    after.append("commitment ").append(ledger::to_hex(commitment)).append("\n");
  after.append("sealed ").append(ledger::base64_encode(share.sealed)).append("\n");

  constexpr std::size_t kHex = 2 * shamir::kScalarBytes;
  Secret hex(kHex + 1);  // libsodium ends it with a zero byte
  sodium_bin2hex(reinterpret_cast<char*>(hex.reveal().data()), hex.size(), share.share.value.reveal().data(),
                 share.share.value.size());
  Secret text(before.size() + kHex + after.size());
  std::uint8_t* at = std::copy(before.begin(), before.end(), text.reveal().data());
  at = std::copy_n(hex.reveal().data(), kHex, at);
  std::copy(after.begin(), after.end(), at);
  return text;
}

ledger::Result<KeyShare> parse_share(const Secret& text) {
  KeyShare share;
  if (text.size() > kMaxShareBytes || !read_lines(Lines(ledger::as_text(text.reveal())), share))
    return ledger::Problem{"not a share of a key"};
  if (!shamir::fits(share.share, share.commitments))
    return ledger::Problem{"share " + std::to_string(share.share.index) +
                           " is wrong: it does not fit the commitments"};
  return share;
}

ledger::Result<Secret> recover_secret(std::vector<KeyShare> shares) {
  if (shares.empty()) return ledger::Problem{"too few shares: none"};
  const KeyShare first{shares.front().set,         shares.front().owner, shares.front().count, {},
                       shares.front().commitments, shares.front().sealed};
  std::vector<shamir::Share> points;
  for (KeyShare& share : shares) {
    if (share.set != first.set || share.commitments != first.commitments || share.sealed != first.sealed)
      return ledger::Problem{"share " + std::to_string(share.share.index) + " of " + share.owner +
                             " is of another split than the first"};
    points.push_back(std::move(share.share));
  }
  const auto scalar = shamir::combine(points, first.commitments);
  if (!scalar) return scalar.error();
  const age::Identity opener = identity_of(*scalar);
  const age::Identity* const identity = &opener;
  auto secret = age::open_secret({&identity, 1}, first.sealed);
  if (!secret) return ledger::Problem{"what the shares open is damaged"};
  return secret;
}

}  // namespace edge
