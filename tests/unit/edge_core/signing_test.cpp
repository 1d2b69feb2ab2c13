#include "agent/core/signing.h"

#include <sodium.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "ledger-client/core/base64.h"
#include "ledger-client/core/jws.h"
#include "ledger-client/core/witness.h"
#include "tests/support/shared_data.h"

namespace {

edge::Secret seed_of(std::uint8_t byte) {
  return edge::Secret(ledger::Bytes(32, byte));
}

std::unique_ptr<edge::Signer> signer_of(std::uint8_t byte) {
  return edge::make_ed25519_signer(seed_of(byte));
}

nlohmann::json header_of(std::string_view jws) {
  const auto bytes = ledger::base64url_decode(jws.substr(0, jws.find('.')));
  return nlohmann::json::parse(bytes.value());
}

}  // namespace

TEST_CASE("short and long messages get the bytes libsodium signs") {
  edge::initialise_cryptography();
  for (const std::size_t size : {0, 1, 32, 1000, 12 * 1024, 12 * 1024 + 1, 100000}) {
    const ledger::Bytes message(size, 0x5a);
    const auto signer = signer_of(static_cast<std::uint8_t>(size));
    std::array<std::uint8_t, 32> public_key{};
    std::array<std::uint8_t, 64> secret_key{};
    ledger::Signature expected{};
    crypto_sign_seed_keypair(public_key.data(), secret_key.data(),
                             seed_of(static_cast<std::uint8_t>(size)).reveal().data());
    crypto_sign_detached(expected.data(), nullptr, message.data(), message.size(), secret_key.data());
    CHECK(signer->public_key().bytes == public_key);
    CHECK(signer->sign(message) == expected);
    CHECK(ledger::verify_ed25519(signer->public_key(), message, signer->sign(message)));
  }
  CHECK_THROWS(edge::make_ed25519_signer(edge::Secret(31)));
}

TEST_CASE("RFC 8037, appendix A.4: the signature of a known key") {
  const auto seed = ledger::base64url_decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
  const auto signer = edge::make_ed25519_signer(edge::Secret(*seed));
  CHECK(ledger::base64url_encode(signer->public_key().bytes) ==
        "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
  CHECK(ledger::base64url_encode(
            signer->sign(ledger::as_bytes("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"))) ==
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
}

TEST_CASE("one signer serves many threads") {
  const auto signer = signer_of(1);
  const ledger::Bytes message(500, 7);
  const ledger::Signature expected = signer->sign(message);
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 200; ++n) {
        wrong += signer->sign(message) == expected ? 0 : 1;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK(wrong == 0);
}

TEST_CASE("a compact JWS verifies, with its kid, typ and payload") {
  const auto signer = signer_of(2);
  const std::string payload = "{\"text\":\"\xc3\xa9\"}";
  const std::string jws = edge::sign_jws(*signer, "10-20-0-5#sign-1", "ehr-request+jws", payload);
  CHECK(header_of(jws) ==
        nlohmann::json({{"alg", "EdDSA"}, {"kid", "10-20-0-5#sign-1"}, {"typ", "ehr-request+jws"}}));
  const auto parsed = ledger::parse_jws(jws, 4096);
  REQUIRE(parsed.ok());
  const auto verified = ledger::verify_jws(*parsed, signer->public_key());
  REQUIRE(verified.ok());
  CHECK(verified->payload == payload);
  CHECK(verified->kid == "10-20-0-5#sign-1");
  CHECK_FALSE(ledger::verify_jws(*parsed, signer_of(3)->public_key()).ok());
}

TEST_CASE("a kid with quotes can't add members to the header") {
  const std::string jws = edge::sign_jws(*signer_of(2), "a\",\"alg\":\"none", "t", "{}");
  CHECK(header_of(jws).at("alg") == "EdDSA");
  CHECK(header_of(jws).at("kid") == "a\",\"alg\":\"none");
}

TEST_CASE("a detached JWS has the members Da Vinci CDex asks for and verifies over its payload alone") {
  const auto signer = signer_of(4);
  const std::vector<ledger::Bytes> chain = {{1, 2, 3, 250}, {4}};
  const std::string jws =
      edge::sign_detached_jws(*signer, "10-20-0-5#sign-1", "2026-11-22T08:00:00.000Z", chain, "{\"a\":1}");
  const nlohmann::json header = header_of(jws);
  CHECK(header.at("alg") == "EdDSA");
  CHECK(header.at("sigT") == "2026-11-22T08:00:00.000Z");
  CHECK(header.at("x5c") == nlohmann::json({"AQID+g==", "BA=="}));
  CHECK(header.at("srCms") ==
        nlohmann::json::parse(
            R"([{"commId":{"id":"1.2.840.10065.1.12.1.5","desc":"Verification Signature"}}])"));
  CHECK(jws.find("..") != std::string::npos);

  const auto parsed = ledger::parse_detached_jws(jws, 65536);
  REQUIRE(parsed.ok());
  CHECK(parsed->x5c == chain);
  CHECK(parsed->sig_t == "2026-11-22T08:00:00.000Z");
  CHECK(ledger::verify_detached_jws(*parsed, "{\"a\":1}", signer->public_key()));
  CHECK_FALSE(ledger::verify_detached_jws(*parsed, "{\"a\":2}", signer->public_key()));
  CHECK_FALSE(header_of(edge::sign_detached_jws(*signer, "k", "t", {}, "{}")).contains("x5c"));
}

TEST_CASE("a signed note opens with its key and no other") {
  const auto signer = signer_of(5);
  const ledger::NoteKey key{"ehr/10-20-0-5", ledger::NoteKeyType::kEd25519, signer->public_key()};
  const std::string text = "ehr/10-20-0-5\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
  const std::string note = text + "\n" + edge::sign_note(*signer, key, text);
  const auto opened = ledger::open_note(note, {&key, 1});
  REQUIRE(opened.ok());
  CHECK(opened->text == text);
  ledger::NoteKey other = key;
  other.key = signer_of(6)->public_key();
  CHECK_FALSE(ledger::open_note(note, {&other, 1}).ok());
}

TEST_CASE("a cosignature opens as its witness', and is signed in no other role") {
  const auto signer = signer_of(7);
  const ledger::NoteKey witness{"ehr/10-20-0-6/witness", ledger::NoteKeyType::kCosignatureV1,
                                signer->public_key()};
  const ledger::Checkpoint checkpoint{"ehr/10-20-0-5", 5, ledger::Hash{3}};
  const std::string text = checkpoint.to_text();
  const std::string line = edge::sign_cosignature(*signer, witness, 1767225600, text);
  const auto verified = ledger::verify_cosignature(line, checkpoint, witness);
  REQUIRE(verified);
  CHECK(verified->timestamp == 1767225600);
  const std::uint64_t latest = (std::uint64_t{1} << 63U) - 1;
  CHECK(ledger::verify_cosignature(edge::sign_cosignature(*signer, witness, latest, text), checkpoint,
                                   witness));
  CHECK_THROWS_AS(edge::sign_cosignature(*signer, witness, latest + 1, text), std::invalid_argument);
  CHECK_THROWS_AS(edge::sign_cosignature(*signer_of(8), witness, 1, text), std::invalid_argument);
  ledger::NoteKey log = witness;
  log.type = ledger::NoteKeyType::kEd25519;
  CHECK_THROWS_AS(edge::sign_cosignature(*signer, log, 1, text), std::invalid_argument);
}

TEST_CASE("checkpoints and cosignatures of another implementation are signed again byte for byte") {
  const auto tlog = test_support::shared_data("testkit/tlog/generated");
  if (!tlog) return;
  const auto keys = nlohmann::json::parse(test_support::read_file(*tlog / "keys.json"));
  const auto signer = [&](const char* who) {
    const auto seed = ledger::from_hex(keys[who]["seed_hex"].get<std::string>()).value();
    return edge::make_ed25519_signer(edge::Secret(seed));
  };
  const auto key = [&](const char* who) {
    return ledger::NoteKey::from_vkey(keys[who]["vkey"].get<std::string>()).value();
  };
  for (const std::uint64_t size : {0, 1, 2, 3, 7, 8, 255, 256, 257, 511, 512, 513, 600}) {
    const std::string note = test_support::read_file(*tlog / "log" / ("checkpoint." + std::to_string(size)));
    const auto opened = ledger::open_checkpoint(note, key("log"));
    REQUIRE(opened.ok());
    const std::string text = opened->checkpoint.to_text();
    std::string again = text + "\n" + edge::sign_note(*signer("log"), key("log"), text);
    std::uint64_t timestamp = 1767225600 + 10 * size;
    for (const auto* witness : {"witness_b", "witness_c", "witness_d"})
      again += edge::sign_cosignature(*signer(witness), key(witness), timestamp++, text);
    CHECK(again == note);
  }
}
