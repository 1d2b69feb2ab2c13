// The signed document: what counts as a vote, how versions follow each other, and that nothing damaged is
// taken.
#include "ledger-client/core/federation_document.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "agent/core/federation_signing.h"
#include "ledger-client/core/base64.h"
#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/federation_history.h"
#include "tests/support/signed_federation.h"

using ledger::FederationFate;
using nlohmann::json;
using test_support::next_version;
using test_support::signed_by;
using test_support::test_admin;
using test_support::TestAdmin;

namespace {

const TestAdmin kAlice = test_admin("alice"), kBob = test_admin("bob"), kCarol = test_admin("carol");

json payload(const std::vector<TestAdmin>& admins, std::uint64_t threshold) {
  json list = json::array();
  for (const TestAdmin& admin : admins) list.push_back(admin.listed());
  const json member{{"address", "10.20.0.5"},
                    {"name", "Hospital"},
                    {"roles", {"hospital"}},
                    {"status", "active"},
                    {"keys", json::array()}};
  return {{"v", 1}, {"version", 1}, {"threshold", threshold}, {"admins", list}, {"members", {member}}};
}

ledger::FederationDocument first(const json& value, const std::vector<TestAdmin>& by) {
  auto document = ledger::open_first(signed_by(value, by), std::nullopt);
  if (!document) FAIL(document.error().reason);
  return std::move(document.value());
}

bool follows(const ledger::FederationDocument& previous, const std::string& text) {
  return ledger::verify_successor(previous, text).ok();
}

// A document whose only signature has this protected header.
std::string with_header(const json& value, const std::string& header, const TestAdmin& admin) {
  ledger::GeneralJws jws;
  jws.payload_base64url = ledger::base64url_encode(ledger::as_bytes(ledger::canonical_json(value)));
  ledger::JwsSignature signature{"", ledger::base64url_encode(ledger::as_bytes(header)), {}};
  const auto input = ledger::jws_signing_input(signature.protected_base64url, jws.payload_base64url);
  signature.signature = admin.signer->sign(ledger::as_bytes(input));
  jws.signatures.push_back(signature);
  return ledger::encode_general_jws(jws);
}

}  // namespace

TEST_CASE("a first version needs its own threshold, and the hash that was told") {
  const json value = payload({kAlice, kBob, kCarol}, 2);
  const auto sha256 = ledger::hash_from_hex(test_support::payload_sha256(value));
  CHECK_FALSE(ledger::open_first(signed_by(value, {}), sha256).ok());
  CHECK_FALSE(ledger::open_first(signed_by(value, {kAlice}), sha256).ok());
  const auto document = ledger::open_first(signed_by(value, {kAlice, kCarol}), sha256);
  REQUIRE(document.ok());
  CHECK(document->version() == 1);
  CHECK(document->sha256() == *sha256);
  CHECK(document->payload() == ledger::canonical_json(value));
  CHECK_FALSE(ledger::open_first(signed_by(value, {kAlice, kBob}), ledger::Hash{}).ok());
  CHECK_FALSE(ledger::open_first(signed_by(value, {kAlice, kBob, test_admin("mallory")}), sha256).ok());
  CHECK_FALSE(ledger::open_first(signed_by(value, {kAlice, test_admin("bob", 1)}), sha256).ok());
  CHECK_FALSE(ledger::open_first(value.dump(), sha256).ok());
}

TEST_CASE("the successor needs the old admins and the new ones") {
  const json one = payload({kAlice, kBob}, 2);
  const auto document = first(one, {kAlice, kBob});
  json two = next_version(one);
  CHECK(follows(document, signed_by(two, {kBob, kAlice})));
  CHECK_FALSE(follows(document, signed_by(two, {kAlice})));
  SECTION("an admin who joins helps to pass only what is his") {
    two["admins"].push_back(kCarol.listed());
    CHECK_FALSE(follows(document, signed_by(two, {kAlice, kCarol})));
    CHECK(follows(document, signed_by(two, {kAlice, kBob})));
    CHECK(follows(document, signed_by(two, {kAlice, kBob, kCarol})));
  }
  SECTION("admins can't be put in front of accomplished facts: the new ones agree as well") {
    two["admins"] = json::array({kCarol.listed()});
    two["threshold"] = 1;
    CHECK_FALSE(follows(document, signed_by(two, {kAlice, kBob})));
    CHECK(follows(document, signed_by(two, {kAlice, kBob, kCarol})));
  }
  SECTION("an admin's new key is agreed to with the old one and shown with the new one") {
    const TestAdmin renewed = test_admin("bob", 1);
    two["admins"] = json::array({kAlice.listed(), renewed.listed()});
    CHECK_FALSE(follows(document, signed_by(two, {kAlice, renewed})));
    CHECK_FALSE(follows(document, signed_by(two, {kAlice, kBob})));
    CHECK(follows(document, signed_by(two, {kAlice, kBob, renewed})));
  }
  SECTION("a higher threshold is agreed to by as many") {
    two["admins"].push_back(kCarol.listed());
    two["threshold"] = 3;
    CHECK_FALSE(follows(document, signed_by(two, {kAlice, kBob})));
    CHECK(follows(document, signed_by(two, {kAlice, kBob, kCarol})));
  }
  SECTION("version and hash are the next ones") {
    json value = two;
    value["version"] = 3;
    CHECK_FALSE(follows(document, signed_by(value, {kAlice, kBob})));
    value = two;
    value["prev"] = std::string(64, '0');
    CHECK_FALSE(follows(document, signed_by(value, {kAlice, kBob})));
    CHECK_FALSE(follows(document, signed_by(one, {kAlice, kBob})));
  }
}

TEST_CASE("one admin counts once") {
  const json value = payload({kAlice, kBob}, 2);
  json twice = json::parse(signed_by(value, {kAlice}));
  twice["signatures"].push_back(twice["signatures"][0]);
  const auto refused = ledger::open_first(twice.dump(), std::nullopt);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().reason == "federation document: an admin has signed twice");
}

TEST_CASE("headers that confuse are refused") {
  const json value = payload({kAlice}, 1);
  const auto opens = [&](const std::string& header) {
    return ledger::open_first(with_header(value, header, kAlice), std::nullopt).ok();
  };
  CHECK(opens(R"({"alg":"EdDSA","kid":"alice","typ":"ehr-federation+jws"})"));
  CHECK(opens(R"({"typ":"ehr-federation+jws", "kid":"alice", "alg":"EdDSA"})"));
  for (const auto* header :
       {R"({"alg":"none","kid":"alice","typ":"ehr-federation+jws"})",
        R"({"alg":"HS256","kid":"alice","typ":"ehr-federation+jws"})",
        R"({"alg":"EdDSA","kid":"bob","typ":"ehr-federation+jws"})",
        R"({"alg":"EdDSA","kid":"","typ":"ehr-federation+jws"})",
        R"({"alg":"EdDSA","kid":["alice"],"typ":"ehr-federation+jws"})",
        R"({"alg":"EdDSA","kid":"alice","typ":"ehr-request+jws"})", R"({"alg":"EdDSA","kid":"alice"})",
        R"({"alg":"EdDSA","alg":"EdDSA","kid":"alice","typ":"ehr-federation+jws"})",
        R"({"alg":"EdDSA","kid":"bob","kid":"alice","typ":"ehr-federation+jws"})",
        R"({"alg":"EdDSA","b64":true,"kid":"alice","typ":"ehr-federation+jws"})",
        R"({"alg":"EdDSA","crit":["b64"],"kid":"alice","typ":"ehr-federation+jws"})",
        R"({"alg":"EdDSA","jwk":{},"kid":"alice","typ":"ehr-federation+jws"})",
        R"({"alg":"EdDSA","jku":"x","kid":"alice","typ":"ehr-federation+jws"})", "[]", ""}) {
    INFO(header);
    CHECK_FALSE(opens(header));
  }
  const std::string good = signed_by(value, {kAlice});
  for (const auto& [pointer, extra] : {std::pair{"/signatures/0/header", json{{"kid", "alice"}}},
                                       {"/signature", json("x")},
                                       {"/protected", json("x")},
                                       {"/header", json::object()}}) {
    json document = json::parse(good);
    document[json::json_pointer(pointer)] = extra;
    CHECK_FALSE(ledger::open_first(document.dump(), std::nullopt).ok());
  }
  CHECK_FALSE(ledger::open_first("{\"payload\":\"\"," + good.substr(1), std::nullopt).ok());
}

TEST_CASE("the payload is canonical JSON, or nothing") {
  const json value = payload({kAlice}, 1);
  ledger::GeneralJws jws;
  for (const std::string& text : {value.dump(1), value.dump() + " ", std::string{"[]"}}) {
    jws.payload_base64url = ledger::base64url_encode(ledger::as_bytes(text));
    ledger::JwsSignature signature{"", ledger::jws_protected_header("alice", ledger::kFederationTyp), {}};
    signature.signature = kAlice.signer->sign(
        ledger::as_bytes(ledger::jws_signing_input(signature.protected_base64url, jws.payload_base64url)));
    jws.signatures = {signature};
    CHECK_FALSE(ledger::open_first(ledger::encode_general_jws(jws), std::nullopt).ok());
  }
}

TEST_CASE("no damaged document is the successor, unless it is the same payload and votes") {
  const json one = payload({kAlice, kBob, kCarol}, 2);
  const auto document = first(one, {kAlice, kBob});
  const json two = next_version(one);
  const std::string good = signed_by(two, {kAlice, kCarol});
  REQUIRE(follows(document, good));
  std::mt19937 random(4);
  for (int round = 0; round < 3000; ++round) {
    std::string damaged = good;
    const std::size_t at = random() % damaged.size();
    const unsigned kind = random() % 3;
    if (kind == 0) damaged[at] = static_cast<char>(damaged[at] ^ (1 << random() % 8));
    if (kind == 1) damaged.erase(at, 1 + random() % 8);
    if (kind == 2) damaged.insert(at, damaged.substr(random() % damaged.size(), 1 + random() % 8));
    const auto taken = ledger::verify_successor(document, damaged);
    INFO(damaged);
    if (taken) CHECK(taken->payload() == ledger::canonical_json(two));
    if (taken) CHECK(json::parse(damaged) == json::parse(good));
  }
}

// The rule once more, by sets of ids alone, against the verifier over every combination of signers.
TEST_CASE("verifier and rule agree on who must have signed") {
  const std::vector<TestAdmin> everybody{kAlice, kBob, kCarol, test_admin("dave")};
  std::mt19937 random(5);
  int accepted = 0, refused = 0;
  for (int round = 0; round < 150; ++round) {
    const auto some = [&] {
      std::vector<TestAdmin> chosen;
      while (chosen.empty())
        for (const auto& admin : everybody)
          if (random() % 2 == 0) chosen.push_back(admin);
      return chosen;
    };
    const auto majority = [&](std::size_t count) {
      const std::size_t least = count / 2 + 1;
      return least + random() % (count - least + 1);
    };
    const auto before = some(), after = some(), signers = some();
    const auto old_need = majority(before.size()), new_need = majority(after.size());
    const json one = payload(before, old_need);
    json two = next_version(one);
    two["admins"] = payload(after, new_need)["admins"];
    two["threshold"] = new_need;
    const auto ids = [](const std::vector<TestAdmin>& admins) {
      std::set<std::string> set;
      for (const auto& admin : admins) set.insert(admin.id);
      return set;
    };
    const auto old_ids = ids(before), new_ids = ids(after);
    std::size_t old_votes = 0, new_votes = 0, strangers = 0;
    for (const auto& id : ids(signers)) {
      old_votes += old_ids.count(id);
      new_votes += new_ids.count(id);
      strangers += old_ids.count(id) + new_ids.count(id) == 0 ? 1 : 0;
    }
    const bool expected = strangers == 0 && old_votes >= old_need && new_votes >= new_need;
    CHECK(follows(first(one, before), signed_by(two, signers)) == expected);
    ++(expected ? accepted : refused);
  }
  CHECK(accepted > 10);
  CHECK(refused > 10);
}

TEST_CASE("a history follows many versions and tells what others offer") {
  std::vector<json> payloads{payload({kAlice, kBob}, 2)};
  std::vector<std::string> texts{signed_by(payloads[0], {kAlice, kBob})};
  for (int i = 0; i < 20; ++i) {
    payloads.push_back(next_version(payloads.back()));
    payloads.back()["witness_quorum"] = i;
    texts.push_back(signed_by(payloads.back(), {kAlice, kBob}));
  }
  ledger::FederationHistory history(first(payloads[0], {kAlice, kBob}));
  CHECK(history.offer(texts[20]).fate == FederationFate::kAhead);
  for (std::size_t i = 1; i <= 20; ++i) CHECK(history.offer(texts[i]).fate == FederationFate::kAdopted);
  CHECK(history.newest().version() == 21);
  CHECK(history.offer(texts[3]).fate == FederationFate::kKnown);

  json other = payloads[4];
  other["witness_quorum"] = 99;
  CHECK(history.offer(signed_by(other, {kAlice})).fate == FederationFate::kForged);
  const auto fork = history.offer(signed_by(other, {kAlice, kBob}));
  CHECK(fork.fate == FederationFate::kForked);
  CHECK(fork.version == 5);
  CHECK(history.offer(signed_by(next_version(payloads[20]), {kBob})).fate == FederationFate::kForged);
  CHECK(history.offer("{}").fate == FederationFate::kForged);
  CHECK(history.newest().version() == 21);

  CHECK(history.range(5, 3, 1 << 20) == std::vector<std::string>(texts.begin() + 4, texts.begin() + 7));
  CHECK(history.range(5, 100, 1).size() == 1);
  CHECK(history.range(22, 100, 1 << 20).empty());

  const auto restored = ledger::FederationHistory::restore(texts);
  REQUIRE(restored.ok());
  CHECK(restored->newest().sha256() == history.newest().sha256());
  auto gap = texts;
  gap.erase(gap.begin() + 5);
  CHECK_FALSE(ledger::FederationHistory::restore(gap).ok());

  auto later = ledger::FederationHistory::restore({texts.begin() + 10, texts.end()});
  REQUIRE(later.ok());
  CHECK(later->offer(texts[2]).fate == FederationFate::kOlder);
}
