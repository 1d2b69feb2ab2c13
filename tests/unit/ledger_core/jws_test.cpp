#include "ledger-client/core/jws.h"

#include <sodium.h>

#include <catch2/catch.hpp>

#include "ledger-client/core/base64.h"

using ledger::as_bytes;
using ledger::base64url_encode;

namespace {

struct KeyPair {
  ledger::PublicKey key;
  std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret{};
  explicit KeyPair(std::uint8_t seed) {
    const ledger::Bytes seed_bytes(crypto_sign_SEEDBYTES, seed);
    crypto_sign_seed_keypair(key.bytes.data(), secret.data(), seed_bytes.data());
  }
  std::string sign(std::string_view text) const {
    ledger::Signature signature;
    crypto_sign_detached(signature.data(), nullptr, as_bytes(text).data(), text.size(), secret.data());
    return base64url_encode(signature);
  }
};
const KeyPair kPair{1};
const KeyPair kOther{2};

std::string compact(std::string_view header, std::string_view payload, const KeyPair& pair = kPair) {
  const std::string input = base64url_encode(as_bytes(header)) + "." + base64url_encode(as_bytes(payload));
  return input + "." + pair.sign(input);
}

std::string detached(std::string_view header, std::string_view payload) {
  const std::string whole = compact(header, payload);
  return whole.substr(0, whole.find('.')) + ".." + whole.substr(whole.rfind('.') + 1);
}

const std::string kHeader = R"({"alg":"EdDSA","kid":"10-20-0-5#sign-1","typ":"ehr-request+jws"})";

bool accepted(std::string_view text) {
  const auto parsed = ledger::parse_jws(text, 4096);
  return parsed && ledger::verify_jws(*parsed, kPair.key);
}

}  // namespace

// RFC 8037, A.4: key, header, payload and signature of the standard itself. It has no kid, so it is taken in
// the detached form.
TEST_CASE("RFC 8037's example signature") {
  const std::string header = "eyJhbGciOiJFZERTQSJ9", payload = "Example of Ed25519 signing";
  const std::string signature =
      "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
  ledger::PublicKey key;
  const auto bytes = ledger::base64url_decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").value();
  std::copy(bytes.begin(), bytes.end(), key.bytes.begin());
  const auto parsed = ledger::parse_detached_jws(header + ".." + signature, 4096);
  REQUIRE(parsed.ok());
  CHECK(ledger::verify_detached_jws(*parsed, payload, key));
  CHECK_FALSE(ledger::verify_detached_jws(*parsed, payload + " ", key));
}

TEST_CASE("a signed payload comes back, with what names its key and kind") {
  const auto text = compact(kHeader, "{\"v\":1}");
  const auto parsed = ledger::parse_jws(text, text.size());
  REQUIRE(parsed.ok());
  CHECK(parsed->kid == "10-20-0-5#sign-1");
  const auto verified = ledger::verify_jws(*parsed, kPair.key);
  REQUIRE(verified.ok());
  CHECK(verified->payload == "{\"v\":1}");
  CHECK(verified->typ == "ehr-request+jws");
  CHECK_FALSE(ledger::verify_jws(*parsed, kOther.key).ok());
  CHECK_FALSE(ledger::parse_jws(text, text.size() - 1).ok());
  CHECK(accepted(compact(" {\n \"kid\" : \"k\",\t\"alg\":\"EdDSA\", \"future\":[1] } ", "x")));
}

TEST_CASE(
    "headers that would change the rules or bring their own key are refused, even when rightly signed") {
  for (const auto* header : {R"({"alg":"none","kid":"k"})",
                             R"({"alg":"eddsa","kid":"k"})",
                             R"({"alg":"EDDSA","kid":"k"})",
                             R"({"alg":"Ed25519","kid":"k"})",
                             R"({"alg":"HS256","kid":"k"})",
                             R"({"alg":"EdDSA ","kid":"k"})",
                             R"({"alg":["EdDSA"],"kid":"k"})",
                             R"({"alg":null,"kid":"k"})",
                             R"({"kid":"k"})",
                             R"({"alg":"EdDSA"})",
                             R"({"alg":"EdDSA","kid":""})",
                             R"({"alg":"EdDSA","kid":7})",
                             R"({"alg":"EdDSA","kid":"k","typ":7})",
                             R"({"alg":"EdDSA","kid":"k","crit":["exp"]})",
                             R"({"alg":"EdDSA","kid":"k","crit":[]})",
                             R"({"alg":"EdDSA","kid":"k","b64":false,"crit":["b64"]})",
                             R"({"alg":"EdDSA","kid":"k","b64":true})",
                             R"({"alg":"EdDSA","kid":"k","jwk":{}})",
                             R"({"alg":"EdDSA","kid":"k","jku":"https://x"})",
                             R"({"alg":"EdDSA","kid":"k","x5u":"https://x"})",
                             R"({"alg":"none","alg":"EdDSA","kid":"k"})",
                             R"({"alg":"EdDSA","kid":"k","kid":"l"})",
                             R"({"alg":"EdDSA","kid":"k","a":{"b":1,"b":2}})",
                             R"(["alg","EdDSA"])",
                             R"("EdDSA")",
                             "",
                             "{}",
                             R"({"alg":"EdDSA","kid":"k"}x)",
                             R"({"alg":"EdDSA","kid":"k")",
                             "{\"alg\":\"EdDSA\",\"kid\":\"\xff\"}",
                             "\xef\xbb\xbf{\"alg\":\"EdDSA\",\"kid\":\"k\"}"}) {
    INFO(header);
    CHECK_FALSE(accepted(compact(header, "x")));
    CHECK_FALSE(ledger::parse_jws(compact(header, "x"), 4096).ok());
  }
}

TEST_CASE("every second spelling of a JWS is refused") {
  const auto text = compact(kHeader, "payload");
  const auto dot = text.find('.'), last = text.rfind('.');
  CHECK(accepted(text));
  CHECK_FALSE(accepted(""));
  CHECK_FALSE(accepted(".."));
  CHECK_FALSE(accepted(text + "."));
  CHECK_FALSE(accepted("." + text));
  CHECK_FALSE(accepted(text.substr(0, last)));
  CHECK_FALSE(accepted(text + "="));
  CHECK_FALSE(accepted(text + "\n"));
  CHECK_FALSE(accepted(" " + text));
  CHECK_FALSE(accepted(text.substr(0, dot) + "=" + text.substr(dot)));
  CHECK_FALSE(accepted(text.substr(0, last - 1) + "\n" + text.substr(last - 1)));
  CHECK_FALSE(accepted(text.substr(0, text.size() - 2)));
  // The last character of 86 carries two meaningful bits: all its other spellings of the same bits are
  // refused.
  int spellings = 0;
  for (const char c : std::string{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"}) {
    spellings += accepted(text.substr(0, text.size() - 1) + c) ? 1 : 0;
  }
  CHECK(spellings == 1);
}

TEST_CASE("a second spelling of header or payload is refused, even if that is what was signed") {
  const auto signed_parts = [](const std::string& header, const std::string& payload) {
    const std::string input = header + "." + payload;
    return accepted(input + "." + kPair.sign(input));
  };
  const std::string header = base64url_encode(as_bytes(R"({"alg":"EdDSA","kid":"k"}   )"));
  const std::string payload = base64url_encode(as_bytes("payload"));
  REQUIRE(signed_parts(header, payload));
  // Bits that belong to no byte.
  const auto respelt = [](std::string text) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    REQUIRE(text.size() % 4 != 0);
    text.back() = kDigits[kDigits.find(text.back()) + 1];
    return text;
  };
  CHECK_FALSE(signed_parts(respelt(header), payload));
  CHECK_FALSE(signed_parts(header, respelt(payload)));
  for (const char* more : {"=", "\n", " ", "\r\n", "."}) {
    CAPTURE(more);
    CHECK_FALSE(signed_parts(header + more, payload));
    CHECK_FALSE(signed_parts(header, payload + more));
  }
}

// Whose key counts is for whoever knows it already; what a header brings along is no key.
TEST_CASE("a certificate in a header gives its key no say") {
  const auto with = R"({"alg":"EdDSA","kid":"k","x5c":[")" + ledger::base64_encode(as_bytes("anybody's")) +
                    R"("],"x5t":"AAEC"})";
  CHECK(accepted(compact(with, "x")));
  CHECK_FALSE(accepted(compact(with, "x", kOther)));
  const auto parsed = ledger::parse_detached_jws(detached(with, "x"), 4096);
  REQUIRE(parsed);
  CHECK(ledger::verify_detached_jws(*parsed, "x", kPair.key));
  CHECK_FALSE(ledger::verify_detached_jws(*parsed, "x", kOther.key));
}

TEST_CASE("no byte of a JWS can be changed") {
  const auto text = compact(kHeader, R"({"from":"10.20.0.6"})");
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto changed = text;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    INFO(i);
    CHECK_FALSE(accepted(changed));
  }
}

TEST_CASE("a detached signature is over the payload it is given") {
  const std::string header =
      R"({"alg":"EdDSA","kid":"k","sigT":"2026-11-22T08:00:00Z","x5c":["AAEC","Aw=="]})";
  const std::string payload(100'000, 'p');
  const auto parsed = ledger::parse_detached_jws(detached(header, payload), 4096);
  REQUIRE(parsed.ok());
  CHECK(parsed->kid == "k");
  CHECK(parsed->sig_t == "2026-11-22T08:00:00Z");
  REQUIRE(parsed->x5c.size() == 2);
  CHECK(parsed->x5c[0] == ledger::Bytes{0, 1, 2});
  CHECK(ledger::verify_detached_jws(*parsed, payload, kPair.key));
  CHECK_FALSE(ledger::verify_detached_jws(*parsed, payload + "p", kPair.key));
  CHECK_FALSE(ledger::verify_detached_jws(*parsed, payload, kOther.key));
  CHECK_FALSE(ledger::parse_detached_jws(compact(header, "x"), 4096).ok());
  CHECK_FALSE(accepted(detached(kHeader, "x")));  // nor is its emptiness a payload
}

TEST_CASE("a detached signature's certificates are a short list of base64") {
  for (const auto* x5c : {R"("AAEC")", "[]", "[7]", R"([""])", R"(["A_-A"])", R"(["AAEC\n"])", R"(["AA"])",
                          R"(["AA==","AA==","AA==","AA==","AA==","AA==","AA==","AA==","AA=="])"}) {
    INFO(x5c);
    CHECK_FALSE(
        ledger::parse_detached_jws(detached(std::string{R"({"alg":"EdDSA","x5c":)"} + x5c + "}", "x"), 4096)
            .ok());
  }
}
