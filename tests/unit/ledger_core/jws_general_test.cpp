// What would make two readers see two things in one signed document: each is refused, even rightly signed.
#include "ledger-client/core/jws_general.h"

#include <sodium.h>

#include <catch2/catch.hpp>

#include "ledger-client/core/base64.h"

using ledger::as_bytes;
using ledger::base64url_encode;

namespace {

constexpr const char* kTyp = "ehr-federation+jws";
const std::string kHeader = R"({"alg":"EdDSA","kid":"alice","typ":"ehr-federation+jws"})";
const std::string kPayload = R"({"v":1})";

struct KeyPair {
  ledger::PublicKey key;
  std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret{};
  KeyPair() {
    const ledger::Bytes seed(crypto_sign_SEEDBYTES, 7);
    crypto_sign_seed_keypair(key.bytes.data(), secret.data(), seed.data());
  }
};
const KeyPair kPair;

std::string encode(std::string_view text) {
  return base64url_encode(as_bytes(text));
}

// Over the parts exactly as they are spelt.
std::string sign(const std::string& header, const std::string& payload) {
  const std::string input = header + "." + payload;
  ledger::Signature signature;
  crypto_sign_detached(signature.data(), nullptr, as_bytes(input).data(), input.size(), kPair.secret.data());
  return base64url_encode(signature);
}

std::string one_signature(const std::string& header, const std::string& payload,
                          const std::string& more = "") {
  return R"({"protected":")" + header + R"(","signature":")" + sign(header, payload) + '"' + more + "}";
}
std::string document(const std::string& payload, const std::string& signatures,
                     const std::string& more = "") {
  return R"({"payload":")" + payload + R"(","signatures":[)" + signatures + "]" + more + "}";
}

bool accepted(const std::string& text) {
  const auto jws = ledger::parse_general_jws(text, kTyp, 1 << 20);
  return jws && ledger::verify_general_jws(*jws, jws->signatures.at(0), kPair.key);
}
bool accepted_with(const std::string& header) {
  return accepted(document(encode(kPayload), one_signature(encode(header), encode(kPayload))));
}

// The same text with another of the spellings that a careless decoder reads as the same bytes.
std::string second_spelling(std::string text) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  REQUIRE(text.size() % 4 != 0);  // bits are left over
  text.back() = kDigits[kDigits.find(text.back()) + 1];
  return text;
}

}  // namespace

TEST_CASE("what several sign is read, and verified one by one") {
  REQUIRE(accepted_with(kHeader));
  const auto text = document(encode(kPayload), one_signature(encode(kHeader), encode(kPayload)));
  const auto jws = ledger::parse_general_jws(text, kTyp, text.size());
  REQUIRE(jws);
  CHECK(jws->payload == kPayload);
  CHECK(jws->signatures.at(0).kid == "alice");
  CHECK_FALSE(ledger::parse_general_jws(text, kTyp, text.size() - 1));
  CHECK_FALSE(ledger::parse_general_jws(text, "ehr-request+jws", 1 << 20));
  CHECK_FALSE(ledger::parse_general_jws(document(encode(kPayload), ""), kTyp, 1 << 20));
  CHECK(ledger::parse_general_jws(document(encode(kPayload), ""), kTyp, 1 << 20, true));
}

TEST_CASE("a protected header holds alg, kid and typ, and nothing that could say more") {
  for (const char* header :
       {R"({"alg":"none","kid":"alice","typ":"ehr-federation+jws"})",
        R"({"alg":"HS256","kid":"alice","typ":"ehr-federation+jws"})",
        R"({"alg":"Ed25519","kid":"alice","typ":"ehr-federation+jws"})",
        R"({"alg":["EdDSA"],"kid":"alice","typ":"ehr-federation+jws"})",
        R"({"kid":"alice","typ":"ehr-federation+jws"})", R"({"alg":"EdDSA","typ":"ehr-federation+jws"})",
        R"({"alg":"EdDSA","kid":"","typ":"ehr-federation+jws"})",
        R"({"alg":"EdDSA","kid":7,"typ":"ehr-federation+jws"})", R"({"alg":"EdDSA","kid":"alice"})",
        R"({"alg":"EdDSA","kid":"alice","typ":"ehr-request+jws"})",
        R"({"alg":"EdDSA","kid":"alice","typ":"ehr-federation+jws","crit":[]})",
        R"({"alg":"EdDSA","kid":"alice","typ":"ehr-federation+jws","b64":false,"crit":["b64"]})",
        R"({"alg":"EdDSA","kid":"alice","typ":"ehr-federation+jws","jwk":{}})",
        R"({"alg":"EdDSA","kid":"alice","typ":"ehr-federation+jws","x5c":["AAEC"]})",
        R"({"alg":"EdDSA","kid":"alice","kid":"bob","typ":"ehr-federation+jws"})",
        R"({"alg":"none","alg":"EdDSA","kid":"alice","typ":"ehr-federation+jws"})",
        R"({"alg":"EdDSA","kid":"alice","typ":"ehr-federation+jws"} x)", R"("EdDSA")", ""}) {
    CAPTURE(header);
    CHECK_FALSE(accepted_with(header));
  }
}

TEST_CASE("no unprotected header, no second payload, no other serialisation") {
  const std::string payload = encode(kPayload), header = encode(kHeader);
  const std::string signature = one_signature(header, payload);
  REQUIRE(accepted(document(payload, signature)));
  // Beside the protected one, contradicting it or not.
  for (const char* unprotected :
       {R"(,"header":{"alg":"none"})", R"(,"header":{"kid":"bob"})", R"(,"header":{})", R"(,"kid":"bob")"}) {
    CAPTURE(unprotected);
    CHECK_FALSE(accepted(document(payload, one_signature(header, payload, unprotected))));
    CHECK_FALSE(accepted(document(payload, signature, unprotected)));
  }
  CHECK_FALSE(accepted(document(payload, signature, R"(,"payload":")" + encode("{}") + '"')));
  CHECK_FALSE(accepted(document(payload, signature, R"(,"signatures":[])")));
  CHECK_FALSE(
      accepted(document(payload, one_signature(header, payload, R"(,"protected":")" + header + '"'))));
  const std::string flattened = R"({"payload":")" + payload + "\"," + signature.substr(1);
  CHECK_FALSE(accepted(flattened));
  CHECK_FALSE(accepted(header + "." + payload + "." + sign(header, payload)));
  CHECK_FALSE(accepted(document(payload, signature) + "{}"));
  std::string many = signature;
  for (std::size_t i = 0; i < ledger::kMaxJwsSignatures; ++i) many += "," + signature;
  CHECK_FALSE(accepted(document(payload, many)));
}

TEST_CASE("every second spelling of a part is refused, even if that is what was signed") {
  const std::string payload = encode(kPayload + " "), header = encode(kHeader + "  ");
  REQUIRE(accepted(document(payload, one_signature(header, payload))));
  for (const std::string& other : {second_spelling(header), header + "=", header + "\\n", " " + header}) {
    CAPTURE(other);
    CHECK_FALSE(accepted(document(payload, one_signature(other, payload))));
  }
  for (const std::string& other : {second_spelling(payload), payload + "=", payload + "\\n", " " + payload}) {
    CAPTURE(other);
    CHECK_FALSE(accepted(document(other, one_signature(header, other))));
  }
  const std::string signature = sign(header, payload);
  for (const std::string& other :
       {second_spelling(signature), signature + "==", signature + "\\n", std::string()}) {
    CAPTURE(other);
    CHECK_FALSE(
        accepted(document(payload, R"({"protected":")" + header + R"(","signature":")" + other + "\"}")));
  }
}
