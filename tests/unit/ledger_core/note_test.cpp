#include "ledger-client/core/note.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "ledger-client/core/base64.h"
#include "ledger-client/core/checkpoint.h"
#include "ledger-client/core/merkle.h"
#include "tests/support/note_signer.h"
#include "tests/support/shared_data.h"

using ledger::NoteKey;
using ledger::NoteKeyType;
using nlohmann::json;
using Signer = test_support::NoteSigner;

namespace {

json read_json(const std::filesystem::path& file) {
  return json::parse(test_support::read_file(file));
}

NoteKey key_of(const json& entry) {
  return NoteKey::from_vkey(entry["vkey"].get<std::string>()).value();
}

const Signer kLog{"ehr/10-20-0-5", NoteKeyType::kEd25519, 1};
const Signer kWitness{"ehr/10-20-0-6/witness", NoteKeyType::kCosignatureV1, 2};

}  // namespace

TEST_CASE("published example notes open with their keys") {
  const auto file = test_support::shared_data("testkit/tlog/note-examples.json");
  if (!file) return;
  for (const json& example : read_json(*file)) {
    INFO(example["source"]);
    const std::vector<NoteKey> known{key_of(example)};
    CHECK(known[0].to_vkey() == example["vkey"]);
    std::string note = example["note"];
    CHECK(ledger::open_note(note, known).ok());
    note[0] ^= 1;
    CHECK_FALSE(ledger::open_note(note, known).ok());
  }
}

TEST_CASE("generated notes: each verdict") {
  const auto tlog = test_support::shared_data("testkit/tlog/generated");
  if (!tlog) return;
  const json keys = read_json(*tlog / "keys.json");
  const std::vector<NoteKey> known{key_of(keys["log"]), key_of(keys["witness_b"])};
  int seen = 0;
  const json notes = read_json(*tlog / "notes.json");
  for (const json& test : notes["notes"]) {
    INFO(test["Desc"]);
    const auto note = ledger::base64_decode(test["NoteB64"].get<std::string>()).value();
    CHECK(ledger::open_note(ledger::as_text(note), known).ok() == test["OK"].get<bool>());
    ++seen;
  }
  CHECK(seen > 10);
}

TEST_CASE("generated checkpoint bodies: each verdict") {
  const auto tlog = test_support::shared_data("testkit/tlog/generated");
  if (!tlog) return;
  int seen = 0;
  for (const json& test : read_json(*tlog / "checkpoint-bodies.json")) {
    INFO(test["Desc"]);
    CHECK(ledger::parse_checkpoint(test["Body"].get<std::string>()).ok() == test["OK"].get<bool>());
    ++seen;
  }
  CHECK(seen > 10);
}

TEST_CASE("a generated log's checkpoints open, and signing them again gives the same bytes") {
  const auto tlog = test_support::shared_data("testkit/tlog/generated");
  if (!tlog) return;
  const json keys = read_json(*tlog / "keys.json");
  const auto signer = [&](const char* name, NoteKeyType type) {
    return Signer{keys[name]["name"], type,
                  ledger::from_hex(keys[name]["seed_hex"].get<std::string>()).value()};
  };
  const Signer log = signer("log", NoteKeyType::kEd25519);
  const std::vector<Signer> witnesses{signer("witness_b", NoteKeyType::kCosignatureV1),
                                      signer("witness_c", NoteKeyType::kCosignatureV1),
                                      signer("witness_d", NoteKeyType::kCosignatureV1)};
  CHECK(log.key.to_vkey() == keys["log"]["vkey"]);
  std::vector<NoteKey> witness_keys;
  for (const auto& witness : witnesses) witness_keys.push_back(witness.key);
  const json roots = read_json(*tlog / "roots.json")["roots"];
  for (const std::uint64_t size : {0, 1, 2, 3, 7, 8, 255, 256, 257, 511, 512, 513, 600}) {
    const std::string note = test_support::read_file(*tlog / "log" / ("checkpoint." + std::to_string(size)));
    const auto opened = ledger::open_checkpoint(note, log.key, witness_keys);
    REQUIRE(opened.ok());
    CHECK(opened->checkpoint.size == size);
    CHECK(ledger::base64_encode(opened->checkpoint.root) == roots[size]);
    CHECK(opened->cosigners.size() == 3);
    const std::string text = opened->checkpoint.to_text();
    std::string again = text + "\n" + log.line(text);
    for (std::size_t i = 0; i < witnesses.size(); ++i)
      again += witnesses[i].cosign(text, 1767225600 + 10 * size + i);
    CHECK(again == note);
    CHECK_FALSE(ledger::open_checkpoint(note, signer("rogue", NoteKeyType::kEd25519).key).ok());
  }
}

TEST_CASE("foreign logs' checkpoints") {
  const auto tlog = test_support::shared_data("testkit/tlog");
  if (!tlog) return;
  const auto tessera =
      NoteKey::from_vkey("example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx")
          .value();
  for (int size = 0; size <= 15; ++size) {
    INFO(size);
    const auto note = test_support::read_file(*tlog / "tessera-log" / ("checkpoint." + std::to_string(size)));
    const auto opened = ledger::open_checkpoint(note, tessera);
    REQUIRE(opened.ok());
    CHECK(opened->checkpoint.size == static_cast<std::uint64_t>(size));
    if (size == 0) CHECK(opened->checkpoint.root == ledger::empty_root());
  }
  const std::string mirror_vkey = read_json(*tlog / "sunlight-mirror/mirror.v0.json")["verifier_keys"][0];
  const std::vector<NoteKey> mirror{NoteKey::from_vkey(mirror_vkey).value()};
  const auto note = test_support::read_file(*tlog / "sunlight-mirror/checkpoint");
  const auto opened = ledger::open_note(note, mirror);
  REQUIRE(opened.ok());
  CHECK(opened->signers[0].timestamp > 1'700'000'000);
  const auto checkpoint = ledger::parse_checkpoint(opened->text);
  REQUIRE(checkpoint.ok());
  CHECK(checkpoint->size == 300);
  CHECK(checkpoint->origin == "rome2026h1.example.org");
  std::vector<ledger::Hash> leaves;
  for (int i = 0; i < 300; ++i)
    leaves.push_back(ledger::leaf_hash(ledger::as_bytes("record " + std::to_string(i))));
  CHECK(checkpoint->root == ledger::root_of_leaves(leaves));
}

TEST_CASE("a key's text and its refusals") {
  const std::string vkey = kLog.key.to_vkey();
  CHECK(NoteKey::from_vkey(vkey)->to_vkey() == vkey);
  CHECK(NoteKey::from_vkey(kWitness.key.to_vkey())->type == NoteKeyType::kCosignatureV1);
  const std::string id = ledger::to_hex(kLog.key.id()), base64 = vkey.substr(vkey.rfind(id) + 9);
  for (const std::string& text :
       {std::string{}, vkey + "=", vkey.substr(1), "x" + vkey, kLog.key.name + "+" + base64,
        kLog.key.name + "+00000000+" + base64, kLog.key.name + "+" + id + "+", "+" + id + "+" + base64,
        "a b+" + id + "+" + base64, vkey + "\n", kLog.key.name + "+" + id + "+" + base64.substr(4)}) {
    INFO(text);
    CHECK_FALSE(NoteKey::from_vkey(text).ok());
  }
}

TEST_CASE("signatures of strangers are ignored, known ones must be right, and the first of two counts") {
  const std::string text = "hello\n\nworld\n";
  const Signer other{"other", NoteKeyType::kEd25519, 3};
  const std::vector<NoteKey> known{kLog.key};
  CHECK(ledger::open_note(text + "\n" + other.line(text) + kLog.line(text), known)->signers.size() == 1);
  CHECK(ledger::open_note(text + "\n" + kLog.line(text) + kLog.line("x\n"), known)->signers.size() == 1);
  CHECK_FALSE(ledger::open_note(text + "\n" + kLog.line("x\n") + kLog.line(text), known).ok());
  CHECK_FALSE(ledger::open_note(text + "\n" + other.line(text), known).ok());
  CHECK_FALSE(ledger::open_note(text + "\n" + kLog.line(text), std::span<const NoteKey>{}).ok());
  // Same name and id, another key: nobody can say whose signature it is. (The id is 32 bits; here it is the
  // same key in another role.)
  std::vector<NoteKey> twice{kLog.key, kLog.key};
  CHECK(ledger::open_note(text + "\n" + kLog.line(text), twice).ok());
}

TEST_CASE("malformed notes") {
  const std::string text = "hello\n", line = kLog.line(text);
  const auto opens = [&](const std::string& note) { return ledger::parse_note(note).ok(); };
  CHECK(opens(text + "\n" + line));
  CHECK_FALSE(opens(""));
  CHECK_FALSE(opens(text));
  CHECK_FALSE(opens(text + line));
  CHECK_FALSE(opens(text + "\n"));
  CHECK_FALSE(opens(text + "\n" + line.substr(0, line.size() - 1)));
  CHECK_FALSE(opens(text + "\n" + line + "\n"));
  CHECK_FALSE(opens(text + "\n" + line + "x\n"));
  CHECK_FALSE(opens("hel\tlo\n\n" + line));
  CHECK_FALSE(opens("hel\r\n\n" + line));
  CHECK_FALSE(opens("\xff\n\n" + line));
  CHECK_FALSE(opens(text + "\n- a AAAAAAA=\n"));
  CHECK_FALSE(opens(text + "\n\xe2\x80\x94 a AAAAAA==\n"));  // four bytes: an id and nothing
  CHECK(opens(text + "\n\xe2\x80\x94 a AAAAAAA=\n"));
  CHECK_FALSE(opens(text + "\n\xe2\x80\x94 a AAAAAAB=\n"));
  CHECK_FALSE(opens(text + "\n\xe2\x80\x94 a+b AAAAAAA=\n"));
  CHECK_FALSE(opens(text + "\n\xe2\x80\x94 a\xe2\x80\x83z AAAAAAA=\n"));
  CHECK_FALSE(opens(text + "\n\xe2\x80\x94  AAAAAAA=\n"));
  CHECK_FALSE(opens(std::string(70000, 'x') + "\n\n" + line));
  std::string many = text + "\n";
  for (int i = 0; i < 100; ++i) many += line;
  CHECK(opens(many));
  CHECK_FALSE(opens(many + line));
}

TEST_CASE("a checkpoint is opened for its log only, and counts each witness once") {
  const std::string text = ledger::Checkpoint{kLog.key.name, 5, ledger::Hash{7}}.to_text();
  const std::vector<NoteKey> witnesses{kWitness.key};
  const std::string note =
      text + "\n" + kLog.line(text) + kWitness.cosign(text, 1767225600) + kWitness.cosign(text, 1767225601);
  const auto opened = ledger::open_checkpoint(note, kLog.key, witnesses);
  REQUIRE(opened.ok());
  CHECK(opened->note == note);
  REQUIRE(opened->cosigners.size() == 1);
  CHECK(opened->cosigners[0].timestamp == 1767225600);
  CHECK(ledger::open_checkpoint(note, kLog.key)->cosigners.empty());

  CHECK_FALSE(ledger::open_checkpoint(text + "\n" + kWitness.cosign(text, 1), kLog.key, witnesses).ok());
  CHECK_FALSE(ledger::open_checkpoint(text + "\n" + kLog.line(text) + kWitness.cosign("other\n", 1), kLog.key,
                                      witnesses)
                  .ok());
  CHECK_FALSE(
      ledger::open_checkpoint(text + "\n" + kLog.line(text) + kWitness.line(text), kLog.key, witnesses).ok());
  const std::string foreign = ledger::Checkpoint{"ehr/10-20-0-9", 5, {}}.to_text();
  CHECK_FALSE(ledger::open_checkpoint(foreign + "\n" + kLog.line(foreign), kLog.key).ok());
  CHECK_FALSE(ledger::open_checkpoint("hello\n\n" + kLog.line("hello\n"), kLog.key).ok());
  CHECK_FALSE(
      ledger::parse_checkpoint("cosignature/v1\n5\n" + ledger::base64_encode(ledger::Hash{}) + "\n").ok());
}

// A log key's plain signature over a cosignature's message must not pass for a cosignature, nor the other way
// round.
TEST_CASE("roles can't be exchanged") {
  const std::string text = ledger::Checkpoint{kLog.key.name, 5, {}}.to_text();
  const Signer same_key_as_log{kLog.key.name, NoteKeyType::kCosignatureV1, 1};
  CHECK(same_key_as_log.key.id() != kLog.key.id());
  CHECK_FALSE(ledger::open_checkpoint(text + "\n" + same_key_as_log.cosign(text, 1), kLog.key).ok());
  CHECK_FALSE(ledger::open_checkpoint(text + "\n" + kWitness.cosign(text, 1), kWitness.key).ok());
}

TEST_CASE("a checkpoint cosigned beside a log signature of an unknown type") {
  const auto sunlight = test_support::shared_data("testkit/tlog/sunlight-mirror");
  if (!sunlight) return;
  const std::string note = test_support::read_file(*sunlight / "witness-checkpoint");
  const auto parsed = ledger::parse_note(note);
  REQUIRE(parsed.ok());
  CHECK(parsed->signatures.size() == 2);
  const std::string vkey = read_json(*sunlight / "witness.v0.json")["verifier_keys"][0];
  const std::vector<NoteKey> witness{NoteKey::from_vkey(vkey).value()};
  const auto opened = ledger::open_note(note, witness);
  REQUIRE(opened.ok());
  REQUIRE(opened->signers.size() == 1);
  CHECK(opened->signers[0].line == parsed->signatures[1].line);
  CHECK(opened->signers[0].timestamp == 0x69546780);
  CHECK(ledger::parse_checkpoint(opened->text)->size == 300);
}

TEST_CASE("a log with several keys: one must have signed, none wrongly, and the origin is the caller's") {
  const std::string origin = kLog.key.name, text = ledger::Checkpoint{origin, 5, {}}.to_text();
  const Signer next{origin, NoteKeyType::kEd25519, 8};
  const std::vector<NoteKey> both{kLog.key, next.key};
  const std::vector<NoteKey> witnesses{kWitness.key};
  for (const std::string& lines : {kLog.line(text), next.line(text)}) {
    const auto opened = ledger::open_checkpoint_of(text + "\n" + lines, origin, both);
    REQUIRE(opened.ok());
    REQUIRE(opened->log_signers.size() == 1);
    CHECK(opened->log_signers[0].line == lines);
  }
  const std::string all = text + "\n" + kLog.line(text) + kWitness.cosign(text, 9) + next.line(text);
  const auto opened = ledger::open_checkpoint_of(all, origin, both, witnesses);
  REQUIRE(opened.ok());
  CHECK(opened->log_signers.size() == 2);
  CHECK(opened->cosigners.size() == 1);
  CHECK_FALSE(
      ledger::open_checkpoint_of(text + "\n" + kLog.line(text) + next.line("x\n"), origin, both).ok());
  CHECK_FALSE(ledger::open_checkpoint_of(text + "\n" + kLog.line(text), "ehr/10-20-0-9", both).ok());
  CHECK_FALSE(ledger::open_checkpoint_of(text + "\n" + kLog.line(text), origin, {}).ok());
  CHECK_FALSE(ledger::open_checkpoint_of(text + "\n" + kWitness.cosign(text, 9), origin, witnesses).ok());
}

TEST_CASE("a checkpoint's text has a largest size, so that a proof about two of them fits an entry") {
  const std::string text = ledger::Checkpoint{kLog.key.name, 5, {}}.to_text();
  const std::string room(ledger::kMaxCheckpointBytes - text.size() - 1, 'x');
  CHECK(ledger::parse_checkpoint(text + room + "\n").ok());
  CHECK_FALSE(ledger::parse_checkpoint(text + room + "x\n").ok());
}
