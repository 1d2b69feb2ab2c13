#include <algorithm>

#include "agent/adapters/key_formats.h"
#include "agent/adapters/token_signer.h"
#include "agent/core/age/age.h"
#include "agent/core/key_archive.h"
#include "agent/core/key_share.h"
#include "tests/fuzz/require.h"

namespace {

bool same(const edge::Secret& left, const edge::Secret& right) {
  return std::ranges::equal(left.reveal(), right.reveal());
}

// The key's own line must have stood in the file.
void check_identity(const edge::Secret& file) {
  const auto identity = edge::age::Identity::parse(file);
  if (!identity) {
    return;
  }
  const edge::Secret again = identity->to_file();
  std::string_view line = ledger::as_text(again.reveal());
  line = line.substr(line.find('\n') + 1);
  line.remove_suffix(1);
  FUZZ_REQUIRE(ledger::as_text(file.reveal()).find(line) != std::string_view::npos);
  FUZZ_REQUIRE(same(edge::age::Identity::parse(again)->secret(), identity->secret()));
}

void check_skey(const edge::Secret& file) {
  const auto key = edge::seed_from_skey(file);
  if (!key) {
    return;
  }
  const edge::Secret again = edge::skey_from_seed(key->name, key->seed);
  std::string_view text = ledger::as_text(again.reveal());
  text.remove_suffix(ledger::as_text(file.reveal()).ends_with('\n') ? 0 : 1);
  FUZZ_REQUIRE(text == ledger::as_text(file.reveal()));
}

// One text for every share: what was read is written again byte for byte.
void check_share(const edge::Secret& file) {
  if (const auto share = edge::parse_share(file)) FUZZ_REQUIRE(same(edge::share_text(*share), file));
}

// An archive may be written in many ways; what it holds is packed and found again.
void check_archive(const edge::Secret& file) {
  const auto files = edge::unpack_archive(file);
  if (!files) return;
  const auto again = edge::unpack_archive(edge::pack_archive(*files));
  FUZZ_REQUIRE(again && again->size() == files->size());
  for (std::size_t i = 0; i < files->size(); ++i) {
    FUZZ_REQUIRE((*again)[i].name == (*files)[i].name && same((*again)[i].content, (*files)[i].content));
  }
}

// What a token shows as a public key: 32 bytes, raw or wrapped, and nothing else.
void check_point(std::span<const std::uint8_t> point) {
  if (const auto key = edge::key_from_ec_point(point)) {
    FUZZ_REQUIRE(point.size() == 32 || point.size() == 34);
    FUZZ_REQUIRE(std::ranges::equal(key->bytes, point.last(32)));
  }
}

}  // namespace

// What was accepted as a key is that key when it is written and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const edge::Secret file(std::span<const std::uint8_t>(data, size));
  check_identity(file);
  check_skey(file);
  check_share(file);
  check_archive(file);
  check_point({data, size});
  static_cast<void>(edge::token_key_id(std::string(ledger::as_text({data, size}))));
  if (const auto seed = edge::seed_from_pem(file)) {
    FUZZ_REQUIRE(same(*edge::seed_from_pem(edge::pem_from_seed(*seed)), *seed));
  }
  const std::string_view text = ledger::as_text({data, size});
  if (const auto recipient = edge::age::Recipient::parse(text)) {
    FUZZ_REQUIRE(recipient->to_text() == text);
  }
  return 0;
}
