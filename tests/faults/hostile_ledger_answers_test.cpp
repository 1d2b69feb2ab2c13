// Answers to calls about ledgers that are lies, repeated, too large or somebody else's: none reaches the
// caller as an answer, and no caller waits for ever.
#include <catch2/catch.hpp>
#include <set>

#include "agent/core/ledger_query.h"
#include "agent/core/payload.h"
#include "agent/core/transfer/chunk.h"
#include "ledger-client/core/limits.h"
#include "ledger-client/core/sha256.h"
#include "tests/faults/calling_peer.h"
#include "tests/support/federation.h"
#include "tests/support/test_peer.h"

using namespace test_support;
using edge::Operation;
using ledger::topics::Kind;

namespace {

// What an answerer sends: a manifest and the ciphertext it is about.
struct Lie {
  edge::Manifest manifest;
  ledger::Bytes ciphertext;
  std::vector<ledger::Hash> chunk_roots;
};

class Scene {
 public:
  Scene()
      : federation({EHR_AGENT, EHR_LEDGER, 3, {}, false}),
        liar(federation.broker(), federation.document(), federation[0].address().text(),
             federation[0].keys()),
        other(federation.broker(), federation.document(), federation[2].address().text(),
              federation[2].keys()),
        caller(federation.broker(), federation.document(), federation[1]) {}

  // Begins a call; the request as the liar got it.
  void ask(std::chrono::milliseconds patience = std::chrono::seconds(20),
           Operation operation = Operation::kLedgerRange) {
    const std::string origin = liar.address().origin();
    answer = caller.begin(liar.address(), operation,
                          operation == Operation::kLedgerRange
                              ? encode_params(edge::LedgerRangeQuery{origin, 0, 10})
                              : encode_params(edge::CosignQuery{"old 0\n"}),
                          patience);
    std::optional<mqtt_transport::Message> message;
    do {  // skips repetitions of calls that ended
      message = liar.next(Kind::kRequest, "");
      REQUIRE(message);
      id = ledger::topics::parse(message->topic)->id;
    } while (!seen.insert(id).second);
    const auto opened = liar.open(*message);
    request_sha256 = ledger::sha256(ledger::as_text(opened));
  }

  Lie honest(std::string_view plaintext) const {
    Lie lie{{{id, liar.address(), me(), 1, system_now()}, {}}, {}, {}};
    const auto* member = federation.document().find(me());
    edge::PayloadSealer sealer(
        edge::age::Agreement(*edge::age::Recipient::parse(member->age_recipient().value())),
        [&lie](ledger::ByteView bytes) {
          lie.ciphertext.insert(lie.ciphertext.end(), bytes.begin(), bytes.end());
        });
    sealer.write(plaintext);
    const auto seal = sealer.finish();
    auto& manifest = lie.manifest;
    manifest.request_sha256 = request_sha256;
    manifest.content_type = "text/plain";
    manifest.encoding = "zstd";
    manifest.plaintext_size = seal.plaintext_size;
    manifest.plaintext_sha256 = seal.plaintext_sha256;
    manifest.ciphertext_size = seal.ciphertext.size;
    manifest.ciphertext_sha256 = seal.ciphertext.sha256;
    manifest.chunk_size = ledger::limits::kChunkBytes;
    manifest.chunk_count =
        seal.ciphertext.size <= ledger::limits::kInlineBytes ? 0 : edge::chunk_count(seal.ciphertext.size);
    manifest.merkle_root = seal.ciphertext.merkle_root;
    lie.chunk_roots = seal.ciphertext.chunk_roots;
    return lie;
  }
  void send_manifest(const Lie& lie) { send_manifest_as(liar, lie, id); }
  void send_manifest_as(TestPeer& peer, const Lie& lie, const std::string& topic_id) {
    const bool inlined = lie.manifest.chunk_count == 0;
    const auto frame = edge::frame_manifest(sign_manifest(lie.manifest, peer.identity()),
                                            inlined ? ledger::ByteView(lie.ciphertext) : ledger::ByteView());
    peer.publish(ledger::topics::manifest(me(), peer.address(), topic_id), peer.seal(me(), frame));
  }
  ledger::Bytes chunk(const Lie& lie, std::uint64_t number) const {
    return edge::encode_chunk(edge::ChunkTree(lie.chunk_roots).path(number),
                              ledger::ByteView(lie.ciphertext)
                                  .subspan(number * ledger::limits::kChunkBytes,
                                           edge::chunk_length(lie.ciphertext.size(), number)));
  }
  void send_chunk(std::uint64_t number, ledger::ByteView bytes) {
    liar.publish(ledger::topics::chunk(me(), liar.address(), id, number), bytes);
  }
  void send(const Lie& lie) {
    send_manifest(lie);
    if (lie.manifest.chunk_count == 0) return;
    for (std::uint64_t number = 0; number < lie.chunk_roots.size(); ++number)
      send_chunk(number, chunk(lie, number));
  }

  void expect_refusal(const std::string& code, const std::string& reason) {
    const auto outcome = answer.get();
    REQUIRE_FALSE(outcome);
    CHECK(code_text(outcome.error().code) == code);
    CHECK(outcome.error().reason.find(reason) != std::string::npos);
    INFO(outcome.error().reason << ", not " << reason);
    CHECK(caller.open() == 0);
  }
  // The honest answer still counts after whatever came before.
  void expect_honest(const std::string& text = "the honest answer") {
    send(honest(text));
    const auto outcome = answer.get();
    INFO((outcome ? "" : outcome.error().reason));
    REQUIRE(outcome);
    CHECK(*outcome == text);
  }
  const ledger::Address& me() const { return federation_address(1); }
  const ledger::Address& federation_address(std::size_t index) const {
    return federation.document().members.at(index).address;
  }

  Federation federation;
  TestPeer liar, other;
  CallingPeer caller;
  CallingPeer::Answer answer;
  std::string id;
  std::set<std::string> seen;
  ledger::Hash request_sha256{};
};

// Does not compress.
std::string noise(std::size_t bytes) {
  std::string text;
  for (int number = 0; text.size() < bytes; ++number) {
    const auto hash = ledger::sha256(std::to_string(number));
    text.append(hash.begin(), hash.end());
  }
  text.resize(bytes);
  return text;
}

}  // namespace

TEST_CASE("an answer that is not what its manifest may say ends the call as malformed") {
  Scene scene;
  const auto lie = [&](const std::string& reason, const std::function<void(edge::Manifest&)>& spoil,
                       const std::string& plaintext = "text") {
    scene.ask();
    auto answer = scene.honest(plaintext);
    spoil(answer.manifest);
    scene.send(answer);
    scene.expect_refusal("malformed", reason);
  };
  const auto chunked = noise(300'000);
  lie("other addresses or id", [](edge::Manifest& manifest) { manifest.envelope.id = new_request_id(); });
  lie("other addresses or id",
      [&](edge::Manifest& manifest) { manifest.envelope.to = scene.federation_address(2); });
  lie("answers another request", [](edge::Manifest& manifest) { manifest.request_sha256[0] ^= 1; });
  lie("larger than",
      [](edge::Manifest& manifest) { manifest.plaintext_size = edge::PeerCalls::kMaxAnswerBytes + 1; });
  lie("ciphertext larger", [](edge::Manifest& manifest) {
    manifest.ciphertext_size = 64u << 20;
    manifest.chunk_count = 256;
  });
  lie("anchor or salt where there must be none",
      [](edge::Manifest& manifest) { manifest.salt = ledger::Salt{1}; });
  lie("anchor or salt where there must be none", [](edge::Manifest& manifest) {
    manifest.anchor = edge::Anchor{"{}", 0, {}, "note"};
  });
  lie("unknown encoding", [](edge::Manifest& manifest) { manifest.encoding = "brotli"; });
  lie("chunk count", [](edge::Manifest& manifest) { manifest.chunk_count = 1; });
  lie("not what the manifest describes",
      [](edge::Manifest& manifest) { manifest.ciphertext_sha256[0] ^= 1; });
  lie("not what the manifest describes", [](edge::Manifest& manifest) { manifest.ciphertext_size += 1; });
  lie("another SHA-256", [](edge::Manifest& manifest) { manifest.plaintext_sha256[0] ^= 1; });
  lie("less plaintext", [](edge::Manifest& manifest) { manifest.plaintext_size += 1; });
  lie("more plaintext", [](edge::Manifest& manifest) { manifest.plaintext_size = 3; });
  // A bomb: three MiB more than it declares.
  lie(
      "more plaintext", [](edge::Manifest& manifest) { manifest.plaintext_size = 1u << 20; },
      std::string(4u << 20, ' '));
  lie(
      "another SHA-256", [](edge::Manifest& manifest) { manifest.ciphertext_sha256[0] ^= 1; }, chunked);
  lie(
      "another SHA-256", [](edge::Manifest& manifest) { manifest.plaintext_sha256[0] ^= 1; }, chunked);
  lie(
      "less plaintext", [](edge::Manifest& manifest) { manifest.plaintext_size += 1; }, chunked);

  // What is small for a range is too large for a cosignature.
  scene.ask(std::chrono::seconds(20), Operation::kCosign);
  scene.send(scene.honest(std::string(300'000, ' ')));
  scene.expect_refusal("malformed", "larger than");
}

TEST_CASE("what nobody was asked for is not taken, and the honest answer still counts") {
  Scene scene;
  scene.ask();
  const auto lie = scene.honest("a lie");
  // In the name of another peer, from the peer below another call's id, not sealed, cut short, forged.
  auto foreign = lie;
  foreign.manifest.envelope.from = scene.other.address();
  scene.send_manifest_as(scene.other, foreign, scene.id);
  scene.send_manifest_as(scene.other, lie, scene.id);
  scene.send_manifest_as(scene.liar, lie, new_request_id());
  const auto topic = ledger::topics::manifest(scene.me(), scene.liar.address(), scene.id);
  scene.liar.publish(topic, ledger::as_bytes("no age file"));
  scene.liar.publish(topic, scene.liar.seal(scene.me(), ledger::as_bytes("x")));
  scene.liar.publish(topic, scene.liar.seal(scene.other.address(), ledger::as_bytes("x")));
  scene.liar.publish(topic, ledger::Bytes((1u << 20) + 1, 0x41));
  const auto key = edge::make_ed25519_signer(edge::random_secret(32));
  const edge::LocalIdentity forger{scene.liar.address(), key.get(), scene.liar.identity().kid};
  scene.liar.publish(
      topic,
      scene.liar.seal(scene.me(), edge::frame_manifest(sign_manifest(lie.manifest, forger), lie.ciphertext)));
  // Errors: forged, about another request, of another peer, busy.
  const auto error = [&](TestPeer& peer, const edge::ErrorReply& reply, const edge::LocalIdentity& signer) {
    peer.publish(ledger::topics::error(scene.me(), peer.address(), scene.id),
                 peer.seal(scene.me(), ledger::as_bytes(sign_error(reply, signer))));
  };
  const edge::Envelope envelope{scene.id, scene.liar.address(), scene.me(), 1, system_now()};
  auto reply = edge::ErrorReply{envelope, scene.request_sha256, edge::Code::kNotAvailable};
  error(scene.liar, reply, forger);
  error(scene.other, reply, scene.other.identity());
  reply.request_sha256[0] ^= 1;
  error(scene.liar, reply, scene.liar.identity());
  reply = {envelope, scene.request_sha256, edge::Code::kBusy};
  error(scene.liar, reply, scene.liar.identity());
  // Chunks before any manifest.
  scene.send_chunk(0, ledger::as_bytes("early"));
  scene.expect_honest();
  // After its end nothing of the call is taken any more.
  scene.send_manifest(lie);
  scene.ask();
  scene.expect_honest("another answer");
  CHECK(scene.caller.told() == 2);

  // An honest error ends it at once.
  scene.ask();
  reply = {{scene.id, scene.liar.address(), scene.me(), 1, system_now()},
           scene.request_sha256,
           edge::Code::kNotAvailable};
  error(scene.liar, reply, scene.liar.identity());
  scene.expect_refusal("not-available", "the peer refused");
}

TEST_CASE("spoiled chunks are asked for again, and never become an answer") {
  Scene scene;
  const auto text = noise(600'000);
  scene.ask();
  const auto answer = scene.honest(text), other = scene.honest(noise(600'000));
  REQUIRE(answer.manifest.chunk_count == 3);
  scene.send_manifest(answer);
  auto flipped = scene.chunk(answer, 0);
  flipped.at(flipped.size() / 2) ^= 1;
  scene.send_chunk(0, flipped);
  scene.send_chunk(0, scene.chunk(answer, 1));  // swapped
  scene.send_chunk(0, scene.chunk(other, 0));   // of another answer
  scene.send_chunk(0, {});
  scene.send_chunk(7, scene.chunk(answer, 0));
  CHECK(eventually([&] { return scene.caller.counters().chunks_rejected == 5; }));
  CHECK(scene.caller.counters().chunks_received == 0);
  CHECK(scene.liar.next(Kind::kAck, scene.id));
  for (const std::uint64_t number : {2, 1, 1, 0}) scene.send_chunk(number, scene.chunk(answer, number));
  const auto got = scene.answer.get();
  REQUIRE(got);
  CHECK(*got == text);

  // Nothing but spoiled ones: the time runs out.
  scene.ask(std::chrono::seconds(2));
  const auto never = scene.honest(text);
  scene.send_manifest(never);
  auto bad = scene.chunk(never, 0);
  bad.back() ^= 1;
  scene.send_chunk(0, bad);
  scene.expect_refusal("expired", "no answer");

  // A peer that made another answer meanwhile: the second one counts.
  scene.ask();
  scene.send_manifest(scene.honest(noise(300'000)));
  scene.expect_honest(text);
}

TEST_CASE("silence ends with the patience, and stopping ends every call") {
  Scene scene;
  const auto begin = std::chrono::steady_clock::now();
  scene.ask(std::chrono::milliseconds(1'500));
  // The identical request comes again.
  const auto again = scene.liar.next(Kind::kRequest, scene.id);
  REQUIRE(again);
  CHECK(ledger::sha256(ledger::as_text(scene.liar.open(*again))) == scene.request_sha256);
  scene.expect_refusal("expired", "no answer");
  CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(1'500));
  scene.ask();
  auto second = scene.caller.begin(scene.liar.address(), Operation::kPing, {});
  scene.caller.stop();
  scene.expect_refusal("failed", "stopping");
  CHECK_FALSE(second.get());
  CHECK_FALSE(scene.caller.call(scene.liar.address(), Operation::kPing, {}));
  CHECK(scene.caller.told() == 4);
}
