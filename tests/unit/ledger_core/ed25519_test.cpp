#include "ledger-client/core/ed25519.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "ledger-client/core/commitment.h"
#include "ledger-client/core/sha256.h"
#include "tests/support/shared_data.h"

using nlohmann::json;

namespace {
ledger::Bytes hex(const json& text) {
  return ledger::from_hex(text.get<std::string>()).value();
}

ledger::PublicKey public_key(const json& text) {
  ledger::PublicKey key;
  const auto bytes = hex(text);
  REQUIRE(bytes.size() == key.bytes.size());
  std::copy(bytes.begin(), bytes.end(), key.bytes.begin());
  return key;
}
}  // namespace

TEST_CASE("Wycheproof's Ed25519 vectors") {
  const auto file = test_support::shared_data("testkit/wycheproof/ed25519_test.json");
  if (!file) return;
  const json vectors = json::parse(test_support::read_file(*file));
  int seen = 0;
  for (const json& group : vectors["testGroups"]) {
    const auto key = public_key(group["publicKey"]["pk"]);
    for (const json& test : group["tests"]) {
      INFO(test["tcId"]);
      CHECK(ledger::verify_ed25519(key, hex(test["msg"]), hex(test["sig"])) == (test["result"] == "valid"));
      ++seen;
    }
  }
  CHECK(seen == vectors["numberOfTests"]);
}

// Verifiers differ by design on these. Which ones this one accepts is part of the format: 43, and exactly
// these 43.
TEST_CASE("the edge cases' verdicts are pinned") {
  const auto file = test_support::shared_data("testkit/ed25519-edge/ed25519vectors.json");
  if (!file) return;
  std::string accepted;
  int count = 0;
  for (const json& test : json::parse(test_support::read_file(*file))) {
    const auto message = test["msg"].get<std::string>();
    if (!ledger::verify_ed25519(public_key(test["key"]), ledger::as_bytes(message), hex(test["sig"])))
      continue;
    accepted += test["number"].dump() + " ";
    ++count;
  }
  CHECK(count == 43);
  INFO(accepted);
  CHECK(ledger::to_hex(ledger::sha256(accepted)) ==
        "63f4f608982e645018e4d3b5e66ad3a95d56806b1f58c0281a63584e494363e7");
}

TEST_CASE("a signature of the wrong length is no signature") {
  CHECK_FALSE(ledger::verify_ed25519({}, {}, {}));
  CHECK_FALSE(ledger::verify_ed25519({}, {}, ledger::Bytes(65)));
}

TEST_CASE("commitments bind salt, field and value apart") {
  const ledger::Salt salt{};
  // SHA-256 of "edge-phi/v1/commit", 32 zero bytes, 1 as u64 LE, "a", 2 as u64 LE, "bc".
  std::string input = "edge-phi/v1/commit" + std::string(32, '\0');
  input += std::string("\1\0\0\0\0\0\0\0a", 9) + std::string("\2\0\0\0\0\0\0\0bc", 10);
  CHECK(ledger::commitment(salt, "a", ledger::as_bytes("bc")) == ledger::sha256(input));
  CHECK(ledger::commitment(salt, "ab", ledger::as_bytes("c")) !=
        ledger::commitment(salt, "a", ledger::as_bytes("bc")));
  ledger::Salt other{};
  other[31] = 1;
  CHECK(ledger::commitment(other, "a", ledger::as_bytes("bc")) !=
        ledger::commitment(salt, "a", ledger::as_bytes("bc")));
}
