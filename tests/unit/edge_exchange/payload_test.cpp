#include "agent/core/payload.h"

#include <zstd.h>

#include <catch2/catch.hpp>
#include <random>

#include "ledger-client/core/sha256.h"
#include "tests/support/two_agents.h"

using namespace edge;

namespace {

struct Sealed {
  SealedPayload seal;
  ledger::Bytes ciphertext;
};

Sealed seal(const age::Recipient& recipient, const std::string& plaintext, std::size_t piece) {
  Sealed sealed;
  PayloadSealer sealer(age::Agreement(recipient), [&](ledger::ByteView bytes) {
    sealed.ciphertext.insert(sealed.ciphertext.end(), bytes.begin(), bytes.end());
  });
  for (std::size_t at = 0; at < plaintext.size(); at += piece)
    sealer.write(std::string_view(plaintext).substr(at, piece));
  sealed.seal = sealer.finish();
  return sealed;
}

ledger::Result<std::string> open(const test_support::TestAgent& agent, const ledger::Bytes& ciphertext,
                                 std::uint64_t size, const ledger::Hash& sha256, std::size_t piece,
                                 const char* encoding = "zstd") {
  const auto identities = agent.identities();
  PayloadOpener opener(identities, encoding, size);
  for (std::size_t at = 0; at < ciphertext.size(); at += piece) {
    const auto written =
        opener.write(ledger::ByteView(ciphertext).subspan(at, std::min(piece, ciphertext.size() - at)));
    if (!written) return written.error();
  }
  return opener.finish(sha256);
}

}  // namespace

TEST_CASE("payloads of every size come back, whatever the pieces") {
  const auto agents = test_support::make_two_agents();
  std::mt19937 random(5);
  for (const std::size_t size : {0UL, 1UL, 1000UL, 65'535UL, 65'536UL, 65'537UL, 300'000UL, 3'000'000UL}) {
    std::string text(size, ' ');
    for (std::size_t i = 0; i < size; ++i) text[i] = i % 3 == 0 ? static_cast<char>(random()) : 'x';
    const auto sealed = seal(agents.b.age.recipient(), text, 7777);
    CHECK(sealed.seal.plaintext_size == size);
    CHECK(sealed.seal.plaintext_sha256 == ledger::sha256(text));
    CHECK(sealed.seal.ciphertext.sha256 == ledger::sha256(sealed.ciphertext));
    const auto opened = open(agents.b, sealed.ciphertext, size, sealed.seal.plaintext_sha256, 5001);
    REQUIRE(opened);
    CHECK(*opened == text);
    CHECK_FALSE(open(agents.a, sealed.ciphertext, size, sealed.seal.plaintext_sha256, 5001));  // not for a
  }
}

TEST_CASE("a payload that is not what its manifest says is refused") {
  const auto agents = test_support::make_two_agents();
  const std::string text(1 << 20, 'a');
  const auto sealed = seal(agents.b.age.recipient(), text, 1 << 16);
  const auto& hash = sealed.seal.plaintext_sha256;
  CHECK_FALSE(
      open(agents.b, sealed.ciphertext, text.size() - 1, hash, 4096));  // more plaintext than declared
  CHECK_FALSE(open(agents.b, sealed.ciphertext, text.size() + 1, hash, 4096));  // less
  CHECK_FALSE(open(agents.b, sealed.ciphertext, text.size(), ledger::sha256("other"), 4096));
  CHECK_FALSE(open(agents.b, sealed.ciphertext, text.size(), hash, 4096, "identity"));
  auto cut = sealed.ciphertext;
  cut.resize(cut.size() - 1);
  CHECK_FALSE(open(agents.b, cut, text.size(), hash, 4096));
  auto longer = sealed.ciphertext;
  longer.push_back(0);
  CHECK_FALSE(open(agents.b, longer, text.size(), hash, 4096));
}

TEST_CASE("zstd frames: cut short, continued, bombs and large windows are refused") {
  const auto agents = test_support::make_two_agents();
  const std::string text = std::string(50'000'000, 'z');
  const auto refused = [&](const std::string& frame, std::uint64_t declared) {
    const auto file = age::seal(agents.b.age.recipient(), ledger::as_bytes(frame));
    return !open(agents.b, file, declared, ledger::sha256(text), 65'536).ok();
  };
  std::string frame(ZSTD_compressBound(text.size()), 0);
  frame.resize(ZSTD_compress(frame.data(), frame.size(), text.data(), text.size(), 1));
  CHECK(refused(frame, 1000));  // a bomb stops at the declared size
  CHECK(refused(frame.substr(0, frame.size() / 2), text.size()));
  CHECK(refused(frame + "x", text.size()));
  CHECK(refused(frame + frame, text.size()));  // a second frame
  CHECK(refused("not zstd at all", text.size()));
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 27);
  std::string wide(ZSTD_compressBound(text.size()), 0);
  wide.resize(ZSTD_compress2(context, wide.data(), wide.size(), text.data(), text.size()));
  ZSTD_freeCCtx(context);
  CHECK(refused(wide, text.size()));
}
