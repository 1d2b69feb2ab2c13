#include "agent/core/reply.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "agent/core/transfer/ciphertext_hasher.h"
#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/sha256.h"
#include "tests/support/test_log.h"
#include "tests/support/two_agents.h"

using namespace edge;

namespace {

constexpr const char* kId = "0193a5d0-7c1e-7abc-8def-0123456789ab";
const ledger::TimePoint kNow = *ledger::parse_time("2026-11-22T08:00:00.000Z");

// An answer of a to b that is right in everything; tests break one thing.
struct Answered {
  test_support::TwoAgents agents = test_support::make_two_agents();
  ledger::Bytes ciphertext = ledger::Bytes(1000, 7);
  ledger::Hash request = ledger::sha256("request");
  ledger::Salt salt{1, 2, 3};
  ledger::BundleIssued issued;
  Manifest manifest{{kId, agents.a.address, agents.b.address, 1, kNow}};

  Answered() {
    CiphertextHasher hasher;
    hasher.update(ciphertext);
    const auto digests = hasher.finish();
    manifest.request_sha256 = request;
    manifest.content_type = "application/fhir+json";
    manifest.encoding = "zstd";
    manifest.plaintext_size = 5000;
    manifest.plaintext_sha256 = ledger::sha256("plaintext");
    manifest.ciphertext_size = ciphertext.size();
    manifest.ciphertext_sha256 = digests.sha256;
    manifest.chunk_size = 262'144;
    manifest.merkle_root = digests.merkle_root;
    manifest.salt = salt;
    issued = {kId,
              "10.20.0.6",
              "TREAT",
              digests.sha256,
              digests.merkle_root,
              ciphertext.size(),
              ledger::commitment(salt, ledger::kCommitPlaintext, manifest.plaintext_sha256),
              ledger::sha256("patient")};
  }

  // Anchors `issued` as the third of three entries, signed by `signer` as `origin`.
  void anchor(const std::string& origin, const Signer& signer) {
    std::vector<std::string> lines;
    std::vector<ledger::Hash> leaves;
    ledger::Hash prev = ledger::first_prev(origin);
    for (std::uint64_t index = 0; index < 3; ++index) {
      auto body = issued;
      if (index < 2) body.request = "0193a5d0-7c1e-7abc-8def-00000000000" + std::to_string(index);
      lines.push_back(
          ledger::encode_entry({index, origin, prev, kNow, "bundle.issued", ledger::encode_body(body)}));
      prev = ledger::sha256(lines.back());
      leaves.push_back(ledger::leaf_hash(ledger::as_bytes(lines.back())));
    }
    ledger::Frontier tree;
    for (const auto& leaf : leaves) tree.append(leaf);
    const ledger::Checkpoint checkpoint{origin, 3, tree.root()};
    const ledger::NoteKey key{origin, ledger::NoteKeyType::kEd25519, signer.public_key()};
    const std::string text = checkpoint.to_text();
    manifest.anchor = Anchor{
        lines[2], 2, {ledger::node_hash(leaves[0], leaves[1])}, text + "\n" + sign_note(signer, key, text)};
  }

  ManifestExpectation expectation() const {
    return {agents.federation.find(agents.a.address),
            agents.b.address,
            kId,
            request,
            "TREAT",
            true,
            0,
            {},
            1 << 20};
  }
  std::string problem() const {
    // Through the wire form and back, as a receiver sees it.
    const std::string jws = sign_manifest(manifest, agents.a.identity());
    const auto message =
        authenticate(jws, message_type::kManifest, agents.a.address, agents.federation, kNow, 1 << 20);
    REQUIRE(message);
    auto parsed = parse_manifest(message->payload);
    if (!parsed) return parsed.error().reason;
    const auto accepted = accept_manifest(std::move(*parsed), expectation());
    return accepted ? "" : accepted.error().reason;
  }
};

}  // namespace

TEST_CASE("a manifest that is right in everything is accepted") {
  Answered answered;
  answered.anchor("ehr/10-20-0-5", *answered.agents.a.log);
  CHECK(answered.problem().empty());
}

TEST_CASE("a manifest that is wrong in anything is not") {
  Answered answered;
  std::string origin = "ehr/10-20-0-5";
  const Signer* log = answered.agents.a.log.get();
  bool anchored = true;
  SECTION("entry for another request") {
    answered.issued.request = "0193a5d0-7c1e-7abc-8def-0123456789ac";
  }
  SECTION("entry for another receiver") {
    answered.issued.to = "10.20.0.7";
  }
  SECTION("entry with another purpose") {
    answered.issued.purpose = "HPAYMT";
  }
  SECTION("entry about another ciphertext") {
    answered.issued.ciphertext_sha256[0] ^= 1U;
  }
  SECTION("entry about another tree") {
    answered.issued.merkle_root[0] ^= 1U;
  }
  SECTION("entry with another size") {
    ++answered.issued.size;
  }
  SECTION("a commitment that does not open") {
    answered.issued.plaintext_commitment[0] ^= 1U;
  }
  SECTION("anchored in somebody else's log") {
    origin = "ehr/10-20-0-6", log = answered.agents.b.log.get();
  }
  SECTION("checkpoint signed with another key") {
    log = answered.agents.b.log.get();
  }
  SECTION("no anchor") {
    anchored = false;
  }
  SECTION("answers another request") {
    answered.manifest.request_sha256[0] ^= 1U;
  }
  SECTION("to another receiver") {
    answered.manifest.envelope.to = answered.agents.a.address;
  }
  SECTION("unknown encoding") {
    answered.manifest.encoding = "gzip";
  }
  SECTION("too large") {
    answered.manifest.plaintext_size = (1 << 20) + 1;
  }
  SECTION("a ciphertext far larger than its plaintext") {
    answered.manifest.ciphertext_size = 3 << 20;
  }
  SECTION("chunks where none are needed") {
    answered.manifest.chunk_count = 1;
  }
  SECTION("another chunk size") {
    answered.manifest.chunk_size = 1024;
  }
  SECTION("another salt") {
    answered.manifest.salt = ledger::Salt{9};
  }
  if (anchored) answered.anchor(origin, *log);
  if (!anchored) answered.manifest.salt.reset();
  CHECK_FALSE(answered.problem().empty());
}

TEST_CASE("a broken inclusion proof or index is not accepted") {
  Answered answered;
  answered.anchor("ehr/10-20-0-5", *answered.agents.a.log);
  SECTION("flipped") {
    answered.manifest.anchor->inclusion[0][5] ^= 1U;
  }
  SECTION("missing") {
    answered.manifest.anchor->inclusion.clear();
  }
  SECTION("another index") {
    answered.manifest.anchor->index = 1;
  }
  SECTION("beyond the tree") {
    answered.manifest.anchor->index = 3;
  }
  CHECK_FALSE(answered.problem().empty());
}

TEST_CASE("nothing new is anchored in a log that was retired, and what was accepted stays") {
  Answered answered;
  answered.anchor("ehr/10-20-0-5", *answered.agents.a.log);
  // The federation knows of the log that continues it.
  ledger::Member owner = *answered.agents.federation.find(answered.agents.a.address);
  const Signer& next_key = *answered.agents.b.log;
  const ledger::NoteKey next{"ehr/10-20-0-5/2", ledger::NoteKeyType::kEd25519, next_key.public_key()};
  owner.keys.push_back(
      {"log-2", ledger::KeyUse::kLog, next.to_vkey(), kNow - std::chrono::minutes(1), std::nullopt});
  auto expected = answered.expectation();
  expected.fresh = true;
  CHECK(accept_manifest(answered.manifest, expected));
  expected.peer = &owner;
  const auto late = accept_manifest(answered.manifest, expected);
  REQUIRE_FALSE(late);
  CHECK(late.error().reason == "anchor: entry is of a log that was retired");
  expected.fresh = false;
  CHECK(accept_manifest(answered.manifest, expected));
  expected.fresh = true;
  answered.anchor(next.name, next_key);
  CHECK(accept_manifest(answered.manifest, expected));
}

TEST_CASE("a manifest is witnessed when a quorum of others has cosigned its checkpoint") {
  Answered answered;
  answered.anchor("ehr/10-20-0-5", *answered.agents.a.log);
  const test_support::WitnessKey other("ehr/10-20-0-7/witness"), own("ehr/10-20-0-5/witness");
  auto expected = answered.expectation();
  expected.witness_quorum = 1;
  expected.witnesses = {other.key(), own.key()};
  CHECK_FALSE(accept_manifest(answered.manifest, expected)->witnessed);
  auto& note = answered.manifest.anchor->checkpoint;
  const std::string text = ledger::parse_note(note).value().text;
  note += own.cosign(1'795'000'000, text);  // one's own does not count
  CHECK_FALSE(accept_manifest(answered.manifest, expected)->witnessed);
  note += other.cosign(1'795'000'000, text);
  const auto accepted = accept_manifest(answered.manifest, expected);
  REQUIRE(accepted);
  CHECK(accepted->witnessed);
  CHECK(accepted->cosignatures == 1);
}

TEST_CASE("manifests are framed with their inline payload") {
  const ledger::Bytes payload{1, 2, 3};
  const auto frame = frame_manifest("header.payload.signature", payload);
  const auto back = unframe_manifest(frame);
  REQUIRE(back);
  CHECK(back->jws == "header.payload.signature");
  CHECK(ledger::to_bytes(back->inline_ciphertext) == payload);
  CHECK_FALSE(unframe_manifest({}));
  CHECK_FALSE(unframe_manifest(ledger::Bytes{0, 0, 0, 1}));
  CHECK_FALSE(unframe_manifest(ledger::Bytes{0xff, 0xff, 0xff, 0xff, 1}));
  CHECK_FALSE(unframe_manifest(frame_manifest("x", ledger::Bytes(64 * 1024 + 1))));
}

TEST_CASE("errors, acknowledgements and receipts come back, anything else is refused") {
  const auto agents = test_support::make_two_agents();
  const Envelope envelope{kId, agents.b.address, agents.a.address, 1, kNow};
  const auto payload = [&](const std::string& jws, std::string_view typ) {
    const auto message = authenticate(jws, typ, agents.b.address, agents.federation, kNow, 1 << 20);
    REQUIRE(message);
    return message->payload;
  };
  const auto self = agents.b.identity();
  for (const Code code : {Code::kNotAvailable, Code::kBusy, Code::kFailed}) {
    const auto error =
        parse_error(payload(sign_error({envelope, ledger::sha256("r"), code}, self), message_type::kError));
    REQUIRE(error);
    CHECK(error->code == code);
  }
  const auto ack = parse_ack(payload(sign_ack({envelope, 9, {2, 5}}, self), message_type::kAck));
  REQUIRE(ack);
  CHECK(ack->next == 9);
  CHECK(ack->missing == std::vector<std::uint64_t>{2, 5});
  const auto receipt = parse_receipt(
      payload(sign_receipt({envelope, ledger::sha256("r"), ledger::sha256("c"), ledger::sha256("p")}, self),
              message_type::kReceipt));
  REQUIRE(receipt);
  CHECK(receipt->ciphertext_sha256 == ledger::sha256("c"));

  CHECK_FALSE(parse_ack("{}"));
  CHECK_FALSE(parse_receipt(payload(sign_ack({envelope, 9, {}}, self), message_type::kAck)));
  auto many = Ack{envelope, 1000, std::vector<std::uint64_t>(kMaxMissing + 1, 1)};
  CHECK_FALSE(parse_ack(payload(sign_ack(many, self), message_type::kAck)));
}
