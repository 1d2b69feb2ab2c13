// Project Wycheproof's vectors through the very functions the age code calls.
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/core/age/aead.h"
#include "agent/core/age/hkdf.h"
#include "agent/core/age/x25519.h"
#include "tests/support/shared_data.h"

namespace {

namespace age = edge::age;
using Json = nlohmann::json;

// Calls check(group, test) for each test of a file, if it is there; gives how many it was.
template <class Check>
std::optional<int> each_test(const std::string& name, Check check) {
  const auto path = test_support::shared_data("testkit/wycheproof/" + name);
  if (!path) {
    return std::nullopt;
  }
  std::ifstream in(*path);
  const Json document = Json::parse(in);
  int count = 0;
  for (const Json& group : document.at("testGroups")) {
    for (const Json& test : group.at("tests")) {
      INFO(name << " " << test.at("tcId"));
      count += check(group, test) ? 1 : 0;
    }
  }
  return count;
}

ledger::Bytes hex(const Json& test, const char* member) {
  return ledger::from_hex(test.at(member).get_ref<const std::string&>()).value();
}

template <std::size_t kSize>
std::array<std::uint8_t, kSize> fixed(const ledger::Bytes& bytes) {
  std::array<std::uint8_t, kSize> out{};
  REQUIRE(bytes.size() == kSize);
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

}  // namespace

TEST_CASE("X25519") {
  int zero = 0;
  const auto count = each_test("x25519_test.json", [&](const Json&, const Json& test) {
    std::array<std::uint8_t, 32> shared{};
    const auto expected = fixed<32>(hex(test, "shared"));
    const bool ok = age::x25519(fixed<32>(hex(test, "private")), fixed<32>(hex(test, "public")), shared);
    if (expected == std::array<std::uint8_t, 32>{}) {
      ++zero;
      CHECK_FALSE(ok);
    } else {
      CHECK((ok && shared == expected));
    }
    return true;
  });
  if (count) {
    CHECK(*count == 518);
    CHECK(zero == 31);
  }
}

TEST_CASE("ChaCha20-Poly1305 without associated data") {
  const auto count = each_test("chacha20_poly1305_test.json", [](const Json& group, const Json& test) {
    if (group.at("ivSize") != 96 || !hex(test, "aad").empty()) {
      return false;
    }
    const auto key = fixed<32>(hex(test, "key"));
    const auto nonce = fixed<12>(hex(test, "iv"));
    const ledger::Bytes plaintext = hex(test, "msg");
    ledger::Bytes sealed = hex(test, "ct");
    const ledger::Bytes tag = hex(test, "tag");
    sealed.insert(sealed.end(), tag.begin(), tag.end());

    ledger::Bytes opened(plaintext.size());
    const bool valid = test.at("result") == "valid";
    CHECK(age::Aead(key, age::Aead::Direction::kOpen).open(nonce, sealed, opened.data()) == valid);
    if (valid) {
      CHECK(opened == plaintext);
      ledger::Bytes again(sealed.size());
      age::Aead(key, age::Aead::Direction::kSeal).seal(nonce, plaintext, again.data());
      CHECK(again == sealed);
    }
    return true;
  });
  if (count) {
    CHECK(*count == 45);
  }
}

TEST_CASE("HKDF-SHA-256, its first 32 bytes") {
  const auto count = each_test("hkdf_sha256_test.json", [](const Json&, const Json& test) {
    const ledger::Bytes expected = hex(test, "okm");
    if (test.at("result") != "valid") {
      return false;  // too much output asked for, which our function can't
    }
    const ledger::Bytes info = hex(test, "info");
    std::array<std::uint8_t, 32> out{};
    age::hkdf_sha256(hex(test, "ikm"), hex(test, "salt"), ledger::as_text(info), out);
    const std::size_t size = std::min(out.size(), expected.size());
    CHECK(std::equal(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(size), expected.begin()));
    return true;
  });
  if (count) {
    CHECK(*count >= 80);
  }
}

TEST_CASE("HMAC-SHA-256") {
  const auto count = each_test("hmac_sha256_test.json", [](const Json&, const Json& test) {
    const ledger::Bytes expected = hex(test, "tag");
    std::array<std::uint8_t, 32> out{};
    age::hmac_sha256(hex(test, "key"), hex(test, "msg"), out);
    CHECK(std::equal(expected.begin(), expected.end(), out.begin()) == (test.at("result") == "valid"));
    return true;
  });
  if (count) {
    CHECK(*count == 174);
  }
}
