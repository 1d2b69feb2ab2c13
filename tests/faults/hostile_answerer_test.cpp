// A real agent asks a peer whose answers are lossy, repeated, spoiled or lies: what arrives is either the
// bundle that was asked for, or a failure that says why.
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/faults/lying_agent.h"
#include "tests/support/federation.h"
#include "tests/support/shared_data.h"

using namespace test_support;
using nlohmann::json;

namespace {

class Scene {
 public:
  // A heavy record has some 8 chunks, another one travels inside the manifest.
  explicit Scene(bool heavy)
      : federation({EHR_AGENT, EHR_LEDGER, 2, {{"transfer.window", "\"512KiB\""}}, false}),
        asking(federation[1]),
        patient(heavy ? federation.give_heavy_patient(federation[0], 0, 1536 * 1024)
                      : federation.give_patient(federation[0], 0)),
        other(federation.give_patient(federation[0], 1)),
        liar(federation.broker(), federation.document(), federation[0]) {
    asking.start();
  }

  edge::VerifiedRequest ask(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"request", federation[0].address().text(), identifier_of(patient),
                                       "-o", file()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    command.emplace(asking.command_beside(arguments));
    return liar.next_request(asking.address());
  }
  std::filesystem::path file() const { return federation.folder() / "bundle.json"; }

  // The plaintext of an honest answer: of another request, ended.
  json honest_bundle() {
    const auto answer = liar.answer(ask());
    liar.send_manifest(answer);
    REQUIRE(command->wait().status == 0);
    return json::parse(read_file(file()));
  }

  void expect_bundle(const edge::Answer& answer) {
    const auto asked = command->wait();
    INFO(asked.output << asking.log());
    REQUIRE(asked.status == 0);
    CHECK(read_file(file()).size() == answer.manifest.plaintext_size);
    const auto verified = asking.command({"bundle", "verify", file()});
    CHECK(verified.status == 0);
    // The liar hands out none of its log: the replica here does not reach that entry.
    CHECK(verified.output.find("no copy here that this user may read holds entry ") != std::string::npos);
    CHECK(asking.entries("bundle.received").size() == 1);
  }

  // The request fails, the reason is with the operator, the sender hears only that it ended.
  void expect_quarantine(const edge::Answer& answer, const std::string& reason) {
    const auto received = asking.entries("bundle.received").size();
    const std::string& id = answer.manifest.envelope.id;
    const auto asked = command->wait();
    INFO(asked.output << asking.log());
    CHECK(asked.status != 0);
    CHECK(asked.output.find(reason) != std::string::npos);
    std::optional<edge::ErrorReply> error;
    while (!error) error = liar.next_feedback(answer).error;
    CHECK(error->code == edge::Code::kMalformed);
    const auto kept = asking.state() / "quarantine" / id;
    CHECK(read_file(kept / "reason").find(reason) != std::string::npos);
    CHECK(std::filesystem::file_size(kept / "manifest") > 0);
    CHECK(read_file(kept / "ciphertext").starts_with("age-encryption.org/v1"));
    CHECK(asking.command_json({"queue", "show", id})
              .at("request")
              .at("reason")
              .get<std::string>()
              .find(reason) != std::string::npos);
    CHECK(asking.command({"bundle", "open", id}).status == 66);
    CHECK(asking.entries("bundle.received").size() == received);
    // A sender that did not hear it and repeats itself is told again.
    liar.send_manifest(answer);
    CHECK(liar.next_feedback(answer).error);
  }

  Federation federation;
  AgentProcess& asking;
  sample::SamplePatient patient, other;
  LyingAgent liar;
  std::optional<RunningCommand> command;
};

ledger::Bytes flipped(ledger::Bytes bytes, std::size_t at) {
  bytes.at(at) ^= 1;
  return bytes;
}

}  // namespace

TEST_CASE(
    "chunks dropped, flipped, repeated, swapped or foreign: each is asked for again, and the bundle "
    "arrives") {
  Scene scene(true);
  auto& liar = scene.liar;
  const auto foreign = liar.answer(scene.ask({"--everything"}));
  REQUIRE(scene.command->process().id() > 0);
  scene.command.reset();  // nobody waits for that one; its chunks serve as foreign ones
  const auto answer = liar.answer(scene.ask({"--everything"}));
  const std::uint64_t count = answer.manifest.chunk_count;
  REQUIRE(count >= 6);
  REQUIRE(foreign.manifest.chunk_count == count);

  liar.send_manifest(answer);
  const auto expect_missing = [&](std::uint64_t number) {
    const auto ack = liar.next_feedback(answer).ack;
    REQUIRE(ack);
    CHECK((ack->next <= number ||
           std::find(ack->missing.begin(), ack->missing.end(), number) != ack->missing.end()));
  };
  const auto good = liar.chunk(answer, 0);
  for (const std::size_t at :
       {std::size_t{0}, std::size_t{1}, std::size_t{40}, good.size() / 2, good.size() - 1})
    liar.send_chunk_bytes(answer, 0, flipped(good, at));
  liar.send_chunk_bytes(answer, 0, {});
  liar.send_chunk_bytes(answer, 0, ledger::ByteView(good).first(good.size() - 1));
  liar.send_chunk_as(answer, 1, 0);  // swapped
  liar.send_chunk_bytes(answer, 0, liar.chunk(foreign, 0));
  liar.send_chunk_as(answer, 0, count);  // beyond the end
  expect_missing(0);
  liar.send_chunk(answer, 0);
  liar.send_chunk(answer, 0);  // repeated
  CHECK(eventually([&] { return scene.asking.counter("chunks_received") == 1; }));
  // Backwards, and one is dropped.
  for (std::uint64_t number = count - 1; number > 1; --number) liar.send_chunk(answer, number);
  CHECK(eventually([&] { return scene.asking.counter("chunks_received") == count - 1; }));
  std::vector<std::uint64_t> missing;
  while (missing != std::vector<std::uint64_t>{1}) {
    const auto ack = liar.next_feedback(answer).ack;
    REQUIRE(ack);
    if (ack->next == count) missing = ack->missing;
  }
  CHECK(scene.asking.entries("bundle.received").empty());
  liar.send_chunk(answer, 1);
  std::optional<edge::Receipt> receipt;
  while (!receipt) receipt = liar.next_feedback(answer).receipt;
  CHECK(receipt->ciphertext_sha256 == answer.manifest.ciphertext_sha256);
  scene.expect_bundle(answer);
  CHECK(scene.asking.counter("chunks_rejected") == 10);
  // The receipt is said again as often as it is asked for, and anchored once.
  liar.send_manifest(answer);
  CHECK(liar.next_feedback(answer).receipt);
  CHECK(scene.asking.entries("bundle.received").size() == 1);
}

TEST_CASE("a manifest that is not backed by the sender's ledger is quarantined") {
  Scene scene(false);
  auto& liar = scene.liar;
  const auto before = liar.answer(scene.ask());
  scene.command.reset();

  const auto lie = [&](const std::string& reason, const std::function<void(edge::Manifest&)>& spoil) {
    auto answer = liar.answer(scene.ask());
    spoil(answer.manifest);
    liar.send_manifest(answer);
    scene.expect_quarantine(answer, reason);
  };
  lie("entry is for another request",
      [&](edge::Manifest& manifest) { manifest.anchor = before.manifest.anchor; });
  lie("plaintext commitment does not open", [](edge::Manifest& manifest) { (*manifest.salt)[0] ^= 1; });
  lie("inclusion proof does not lead",
      [](edge::Manifest& manifest) { manifest.anchor->inclusion.push_back({}); });
  lie("names another purpose", [](edge::Manifest& manifest) {
    manifest.anchor->entry.replace(manifest.anchor->entry.find("TREAT"), 5, "ETREA");
  });
  lie("signature is wrong", [](edge::Manifest& manifest) {
    auto& note = manifest.anchor->checkpoint;
    note[note.size() - 5] = note[note.size() - 5] == 'A' ? 'B' : 'A';
  });
  lie("no anchor or salt", [](edge::Manifest& manifest) { manifest.anchor.reset(), manifest.salt.reset(); });
  lie("less plaintext than the manifest declares",
      [](edge::Manifest& manifest) { manifest.plaintext_size += 1; });
  lie("plaintext commitment does not open",
      [](edge::Manifest& manifest) { manifest.plaintext_sha256[0] ^= 1; });
  lie("entry is about other bytes", [](edge::Manifest& manifest) { manifest.ciphertext_sha256[0] ^= 1; });
  lie("entry is about other bytes", [](edge::Manifest& manifest) { manifest.merkle_root[0] ^= 1; });
  lie("answers another request", [](edge::Manifest& manifest) { manifest.request_sha256[0] ^= 1; });
  lie("less plaintext than the manifest declares",
      [](edge::Manifest& manifest) { manifest.encoding = "identity"; });
  lie("another content type", [](edge::Manifest& manifest) { manifest.content_type = "text/plain"; });
  lie("larger than limits.bundle_bytes",
      [](edge::Manifest& manifest) { manifest.plaintext_size = 1ull << 40; });
  CHECK(scene.asking.entries("bundle.received").empty());
  const auto verified = scene.federation.verify_ledger(scene.asking);
  INFO(verified.output);
  CHECK(verified.status == 0);
}

TEST_CASE("a well anchored answer that is not the patient's signed bundle is quarantined") {
  Scene scene(false);
  auto& liar = scene.liar;
  const json honest = scene.honest_bundle();
  const auto lie = [&](const std::string& reason, const std::string& plaintext) {
    const auto answer = liar.answer_with(scene.ask(), plaintext);
    liar.send_manifest(answer);
    scene.expect_quarantine(answer, reason);
  };
  auto unsigned_bundle = honest;
  unsigned_bundle.erase("signature");
  lie("signature", unsigned_bundle.dump());
  auto changed = honest;
  changed["timestamp"] = "2020-01-01T00:00:00Z";
  lie("signature is not this key's", changed.dump());
  lie("not a Bundle", "{}");
  lie("not valid JSON", "");
  lie("not valid JSON", std::string(100'000, '['));
  lie("not valid JSON", honest.dump().substr(0, honest.dump().size() / 2));
  lie("not valid JSON", std::string(40u << 20, ' '));  // compresses well
  CHECK(scene.asking.entries("bundle.received").size() == 1);

  // Another patient's bundle, honestly signed.
  auto own = scene.ask();
  auto request = own.request();
  request.query.patient = {scene.other.identifier_system, scene.other.identifier_value};
  TestPeer* peer = &liar.peer();
  const auto keys = edge::load_keys(scene.asking.keys(), scene.asking.address());
  auto about_other = edge::verify_request(
      edge::sign_request(request, {scene.asking.address(), keys.sign.signer.get(),
                                   edge::make_kid(scene.asking.address(), keys.sign.id)}),
      {scene.asking.address(), request.envelope.id, ""}, peer->federation(), {peer->address(), 1},
      system_now());
  auto answer = liar.answer(std::get<edge::VerifiedRequest>(about_other));
  answer.manifest.request_sha256 = own.sha256();
  liar.send_manifest(answer);
  scene.expect_quarantine(answer, "another patient");
}

TEST_CASE("answers nobody asked this peer for are not taken") {
  Scene scene(false);
  auto& liar = scene.liar;
  const auto asked = scene.ask();
  const auto answer = liar.answer(asked);
  // Not signed, or signed with another key: silence, and the honest answer still counts.
  auto& peer = liar.peer();
  const auto& envelope = answer.manifest.envelope;
  const auto topic = ledger::topics::manifest(envelope.to, peer.address(), envelope.id);
  const auto key = edge::make_ed25519_signer(edge::random_secret(32));
  const edge::LocalIdentity forger{peer.address(), key.get(), peer.identity().kid};
  peer.publish(topic, ledger::as_bytes("no age file"));
  peer.publish(topic, peer.seal(envelope.to, ledger::as_bytes("x")));
  peer.publish(topic, peer.seal(envelope.to, edge::frame_manifest(sign_manifest(answer.manifest, forger),
                                                                  answer.payload.inline_bytes)));
  const edge::ErrorReply refusal{envelope, asked.sha256(), edge::Code::kNotAvailable};
  const auto error_topic = ledger::topics::error(envelope.to, peer.address(), envelope.id);
  peer.publish(error_topic, peer.seal(envelope.to, ledger::as_bytes(sign_error(refusal, forger))));
  auto other_request = refusal;
  other_request.request_sha256[0] ^= 1;
  peer.publish(error_topic,
               peer.seal(envelope.to, ledger::as_bytes(sign_error(other_request, peer.identity()))));
  liar.send_manifest(answer);
  scene.expect_bundle(answer);
}
