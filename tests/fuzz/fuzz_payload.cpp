#include <algorithm>
#include <array>

#include "agent/core/payload.h"
#include "ledger-client/core/sha256.h"
#include "tests/fuzz/require.h"

using namespace edge;

namespace {

constexpr std::uint64_t kDeclared = 4096;

ledger::Bytes sealed(const age::Identity& identity, ledger::ByteView plaintext) {
  ledger::Bytes out;
  age::Writer writer(identity.recipient(),
                     [&](ledger::ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); });
  writer.write(plaintext);
  writer.finish();
  return out;
}

// Opens `ciphertext` in pieces of `step` bytes, as chunks come.
ledger::Result<std::string> open(const age::Identity& identity, std::string_view encoding,
                                 ledger::ByteView ciphertext, std::size_t step, const ledger::Hash& hash) {
  const std::array identities{&identity};
  PayloadOpener opener(identities, encoding, kDeclared);
  for (std::size_t at = 0; at < ciphertext.size(); at += step) {
    const auto done = opener.write(ciphertext.subspan(at, std::min(step, ciphertext.size() - at)));
    if (!done) return done.error();
  }
  return opener.finish(hash);
}

}  // namespace

// A member encrypts whatever it likes: as a zstd stream and as it is. Nothing larger than declared comes out,
// nothing whose hash differs, and the pieces it comes in make no difference.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  initialise_cryptography();
  static const auto identity = age::Identity::generate();
  const ledger::ByteView bytes{data, size};
  const ledger::Hash hash = ledger::sha256(bytes);
  const ledger::Bytes ciphertext = sealed(identity, bytes);
  const auto plain = open(identity, "identity", ciphertext, ciphertext.size(), hash);
  FUZZ_REQUIRE(plain.ok() == (size == kDeclared));
  for (const std::size_t step : {ciphertext.size(), std::size_t{100}}) {
    const auto opened = open(identity, "zstd", ciphertext, step, ledger::Hash{});
    FUZZ_REQUIRE(!opened.ok());  // nothing known has this hash
  }
  FUZZ_REQUIRE(!open(identity, "zstd", bytes, size + 1, hash).ok());
  return 0;
}
