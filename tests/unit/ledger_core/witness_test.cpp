#include "ledger-client/core/witness.h"

#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/support/note_signer.h"
#include "tests/support/shared_data.h"

using ledger::NoteKey;
using ledger::NoteKeyType;
using ledger::WitnessRecord;
using ledger::WitnessStatus;
using nlohmann::json;
using test_support::NoteSigner;

namespace {

const std::string kOrigin = "ehr/10-20-0-5";
const std::string kOwnName = "ehr/10-20-0-6/witness";
const NoteSigner kLog{kOrigin, NoteKeyType::kEd25519, 1};
const NoteSigner kWitness{kOwnName, NoteKeyType::kCosignatureV1, 2};

json read_json(const std::filesystem::path& file) {
  return json::parse(test_support::read_file(file));
}

// A witness as the protocol sees it: judges, and remembers what it accepted.
class Witness {
 public:
  explicit Witness(std::map<std::string, std::vector<NoteKey>> keys) : keys_(std::move(keys)) {}

  ledger::WitnessVerdict take(std::string_view body) {
    auto verdict = ledger::judge_add_checkpoint(
        body,
        [this](const std::string& origin) {
          const auto found = keys_.find(origin);
          return found == keys_.end() ? std::vector<NoteKey>{} : found->second;
        },
        [this](const std::string& origin) {
          const auto found = records_.find(origin);
          return found == records_.end() ? std::nullopt : std::optional{found->second};
        },
        kOwnName);
    if (verdict.status == WitnessStatus::kAccepted) {
      const auto& checkpoint = verdict.checkpoint->checkpoint;
      records_[checkpoint.origin] = {checkpoint.size, checkpoint.root};
    }
    return verdict;
  }
  std::uint64_t size_of(const std::string& origin) { return records_[origin].size; }

 private:
  std::map<std::string, std::vector<NoteKey>> keys_;
  std::map<std::string, WitnessRecord> records_;
};

// A log of the tests: leaf hashes, whose trees of any size are signed.
struct Log {
  std::vector<ledger::Hash> leaves;
  explicit Log(std::size_t size, const std::string& salt = "") {
    for (std::size_t i = 0; i < size; ++i)
      leaves.push_back(ledger::leaf_hash(ledger::as_bytes(salt + std::to_string(i))));
  }
  ledger::Hash root(std::uint64_t size) const {
    return ledger::root_of_leaves(std::span{leaves}.first(size));
  }
  ledger::Proof proof(std::uint64_t old_size, std::uint64_t size) const {
    if (old_size == 0 || old_size == size) return {};
    return ledger::make_consistency(old_size, size, [this](unsigned level, std::uint64_t index) {
      return ledger::root_of_leaves(std::span{leaves}.subspan(index << level, std::size_t{1} << level));
    });
  }
  std::string note(std::uint64_t size) const {
    const std::string text = ledger::Checkpoint{kOrigin, size, root(size)}.to_text();
    return text + "\n" + kLog.line(text);
  }
  std::string request(std::uint64_t old_size, std::uint64_t size) const {
    return ledger::encode_add_checkpoint({old_size, proof(old_size, size), note(size)});
  }
};

Witness witness() {
  return Witness({{kOrigin, {kLog.key}}});
}

}  // namespace

TEST_CASE("a witness answers every step of the generated sequence as it must") {
  const auto tlog = test_support::shared_data("testkit/tlog/generated");
  if (!tlog) return;
  const auto key = NoteKey::from_vkey(read_json(*tlog / "keys.json")["log"]["vkey"].get<std::string>());
  Witness tested({{key->name, {key.value()}}});
  const json steps = read_json(*tlog / "witness-steps.json")["steps"];
  CHECK(steps.size() > 15);
  for (const json& step : steps) {
    INFO(step["Desc"]);
    const auto verdict = tested.take(step["Request"].get<std::string>());
    CHECK(static_cast<int>(verdict.status) == step["Status"].get<int>());
    CHECK(tested.size_of(key->name) == step["WitnessSize"].get<std::uint64_t>());
    if (step.contains("Body")) CHECK(std::to_string(verdict.known_size) + "\n" == step["Body"]);
    CHECK(verdict.reason.empty() == (verdict.status == WitnessStatus::kAccepted));
  }
}

// Two differences: an unknown log is 404 in the released protocol, and a signature line whose base64 is not
// canonical is malformed here (Go's decoder takes it, and finds the signature wrong).
TEST_CASE("litewitness' requests get litewitness' answers") {
  const auto file = test_support::shared_data("testkit/tlog/torchwood-witness/steps.json");
  if (!file) return;
  const json vectors = read_json(*file);
  NoteKey sigsum;
  sigsum.name = vectors["sigsum_log"]["origin"];
  const auto bytes = ledger::from_hex(vectors["sigsum_log"]["public_hex"].get<std::string>()).value();
  std::copy(bytes.begin(), bytes.end(), sigsum.key.bytes.begin());
  const auto sumdb = NoteKey::from_vkey(vectors["sumdb_log"]["vkey"].get<std::string>()).value();
  int different = 0;
  for (const auto* list : {"sigsum_steps", "sumdb_steps"}) {
    Witness tested({{sigsum.name, {sigsum}}, {vectors["sumdb_log"]["origin"], {sumdb}}});
    for (const json& step : vectors[list]) {
      const std::string assertion = step["Assert"];
      INFO(assertion);
      const auto verdict = tested.take(step["Request"].get<std::string>());
      int expected = step["Status"];
      if (assertion.find("unknown log") != assertion.npos) expected = 404;
      if (assertion.find("invalid signature") != assertion.npos) expected = 400;
      CHECK(static_cast<int>(verdict.status) == expected);
      different += expected == step["Status"] ? 0 : 1;
      if (verdict.status == WitnessStatus::kConflict)
        CHECK(assertion == "body == \"" + std::to_string(verdict.known_size) + "\\n\"");
    }
  }
  CHECK(different == 2);
}

TEST_CASE("an add-checkpoint body has one form") {
  const Log log(20);
  const std::string body = log.request(5, 20);
  const auto parsed = ledger::parse_add_checkpoint(body);
  REQUIRE(parsed.ok());
  CHECK(parsed->old_size == 5);
  CHECK(parsed->consistency == log.proof(5, 20));
  CHECK(parsed->note == log.note(20));
  CHECK(ledger::encode_add_checkpoint(*parsed) == body);

  const std::string note = log.note(20), hash = "SaU23haHsadHOmXMqEhl2y8jqXQxwa0gkxGMQEd9sT8=\n";
  std::string many;
  for (int i = 0; i < 63; ++i) many += hash;
  CHECK(ledger::parse_add_checkpoint("old 0\n" + many + "\n" + note).ok());
  CHECK(ledger::parse_add_checkpoint("old 9223372036854775807\n\n" + note).ok());
  for (const std::string& bad : {std::string{},
                                 std::string{"old 0\n"},
                                 std::string{"old 0\n\n"},
                                 "old 00\n\n" + note,
                                 "old -1\n\n" + note,
                                 "old +1\n\n" + note,
                                 "old \n\n" + note,
                                 "old 1 \n\n" + note,
                                 "Old 1\n\n" + note,
                                 "old 1\r\n\n" + note,
                                 "old 9223372036854775808\n\n" + note,
                                 "old 1\n" + note,
                                 "\nold 1\n\n" + note,
                                 "old 1\n\n\n" + note,
                                 "old 0\n" + many + hash + "\n" + note,
                                 "old 1\nSaU2\n\n" + note,
                                 "old 1\n " + hash + "\n" + note,
                                 "old 1\n" + hash.substr(1) + "\n" + note,
                                 "old 1\n\n" + note + "\n",
                                 "old 1\n\n" + note + "x\n",
                                 "old 1\n\n" + note.substr(0, note.size() - 1),
                                 "old 1\n\nno checkpoint\n\n" + kLog.line("no checkpoint\n"),
                                 "old 1\n\n" + std::string(70'000, 'x')}) {
    INFO(bad.substr(0, 200));
    CHECK_FALSE(ledger::parse_add_checkpoint(bad).ok());
    CHECK(witness().take(bad).status == WitnessStatus::kMalformed);
  }
}

TEST_CASE("a witness follows a log, and never steps back or aside") {
  const Log log(40), other(40, "fork");
  Witness tested = witness();
  CHECK(tested.take(log.request(0, 0)).status == WitnessStatus::kAccepted);
  CHECK(tested.take(log.request(0, 7)).status == WitnessStatus::kAccepted);
  CHECK(tested.take(log.request(7, 7)).status == WitnessStatus::kAccepted);
  CHECK(tested.take(log.request(7, 33)).status == WitnessStatus::kAccepted);
  const auto conflict = tested.take(log.request(7, 40));
  CHECK(conflict.status == WitnessStatus::kConflict);
  CHECK(conflict.known_size == 33);
  CHECK(conflict.refused_note == log.note(40));
  CHECK_FALSE(conflict.checkpoint);
  CHECK(conflict.clean_note.empty());
  for (const auto& body : {other.request(33, 33), other.request(33, 40)}) {
    const auto fork = tested.take(body);
    CHECK(fork.status == WitnessStatus::kUnprocessable);
    CHECK_FALSE(fork.refused_note.empty());
    CHECK_FALSE(fork.checkpoint);
  }
  CHECK(tested.take(log.request(0, 12)).status == WitnessStatus::kConflict);
  CHECK(tested.take(ledger::encode_add_checkpoint({33, {}, log.note(12)})).status ==
        WitnessStatus::kMalformed);
  CHECK(tested.size_of(kOrigin) == 33);
}

TEST_CASE("proofs where none belongs, and a root that the empty tree can't have") {
  const Log log(8);
  CHECK(witness().take(ledger::encode_add_checkpoint({0, {ledger::Hash{}}, log.note(8)})).status ==
        WitnessStatus::kUnprocessable);
  const std::string text = ledger::Checkpoint{kOrigin, 0, ledger::Hash{1}}.to_text();
  CHECK(witness().take("old 0\n\n" + text + "\n" + kLog.line(text)).status == WitnessStatus::kUnprocessable);
  Witness tested = witness();
  REQUIRE(tested.take(log.request(0, 4)).status == WitnessStatus::kAccepted);
  CHECK(tested.take(ledger::encode_add_checkpoint({4, {log.root(4)}, log.note(4)})).status ==
        WitnessStatus::kUnprocessable);
  CHECK(tested.take(ledger::encode_add_checkpoint({4, {}, log.note(8)})).status ==
        WitnessStatus::kUnprocessable);
}

TEST_CASE("what is accepted is stored without lines that nobody verified") {
  const Log log(8);
  const std::string note = log.note(8), text = note.substr(0, note.find("\n\n") + 1);
  // A false line in the witness' own name must neither refuse the checkpoint nor stay on it.
  const std::string crowded = text + "\n" + kWitness.cosign("other\n", 1) + kLog.line(text) +
                              NoteSigner{"stranger", NoteKeyType::kEd25519, 9}.line(text);
  const auto verdict = witness().take("old 0\n\n" + crowded);
  REQUIRE(verdict.status == WitnessStatus::kAccepted);
  CHECK(verdict.clean_note == note);
  CHECK(verdict.checkpoint->checkpoint.size == 8);
  CHECK(verdict.refused_note.empty());
}

TEST_CASE("a witness takes no log in its own name, and no cosigner's key for a log's") {
  const std::string own = ledger::Checkpoint{kOwnName, 1, ledger::Hash{1}}.to_text();
  const NoteSigner in_own_name{kOwnName, NoteKeyType::kEd25519, 4};
  Witness careless({{kOwnName, {in_own_name.key}}, {kOrigin, {in_own_name.key, kWitness.key}}});
  CHECK(careless.take("old 0\n\n" + own + "\n" + in_own_name.line(own)).status ==
        WitnessStatus::kUnknownOrigin);
  const std::string text = ledger::Checkpoint{kOrigin, 1, ledger::Hash{1}}.to_text();
  for (const std::string& line : {in_own_name.line(text), kWitness.cosign(text, 1)})
    CHECK(careless.take("old 0\n\n" + text + "\n" + line).status == WitnessStatus::kUnknownOrigin);
}

TEST_CASE("during a rotation either key of the log signs, and a wrong signature of either refuses") {
  const NoteSigner next{kOrigin, NoteKeyType::kEd25519, 5};
  const std::string text = ledger::Checkpoint{kOrigin, 1, ledger::Hash{1}}.to_text();
  const auto status = [&](const std::string& lines) {
    return Witness({{kOrigin, {kLog.key, next.key}}}).take("old 0\n\n" + text + "\n" + lines).status;
  };
  CHECK(status(kLog.line(text)) == WitnessStatus::kAccepted);
  CHECK(status(next.line(text)) == WitnessStatus::kAccepted);
  CHECK(status(kLog.line(text) + next.line(text)) == WitnessStatus::kAccepted);
  CHECK(status(kLog.line(text) + next.line("x\n")) == WitnessStatus::kForbidden);
  CHECK(status(NoteSigner{kOrigin, NoteKeyType::kEd25519, 6}.line(text)) == WitnessStatus::kForbidden);
}

TEST_CASE("a cosignature line is verified for its witness and its checkpoint alone") {
  const ledger::Checkpoint checkpoint{kOrigin, 5, ledger::Hash{7}};
  const std::string text = checkpoint.to_text(), line = kWitness.cosign(text, 1767225600);
  const auto signer = ledger::verify_cosignature(line, checkpoint, kWitness.key);
  REQUIRE(signer);
  CHECK(signer->timestamp == 1767225600);
  CHECK(signer->line == line);
  CHECK(signer->key.name == kOwnName);
  ledger::Checkpoint other = checkpoint;
  other.size = 6;
  CHECK_FALSE(ledger::verify_cosignature(line, other, kWitness.key));
  const NoteSigner stranger{kOwnName, NoteKeyType::kCosignatureV1, 3};
  CHECK_FALSE(ledger::verify_cosignature(line, checkpoint, stranger.key));
  CHECK_FALSE(ledger::verify_cosignature(kLog.line(text), checkpoint, kLog.key));
  for (const std::string& bad :
       {std::string{}, line.substr(0, line.size() - 1), line + "\n", line + line, "\n" + line,
        line + stranger.cosign(text, 1), stranger.cosign(text, 1) + line, "text\n\n" + line, line + "x"}) {
    INFO(bad);
    CHECK_FALSE(ledger::verify_cosignature(bad, checkpoint, kWitness.key));
  }
  for (std::size_t at = 0; at < line.size(); ++at) {
    std::string damaged = line;
    damaged[at] ^= 1;
    CHECK_FALSE(ledger::verify_cosignature(damaged, checkpoint, kWitness.key));
  }
}

TEST_CASE("a note has one line per cosigner, the verified one") {
  const ledger::Checkpoint checkpoint{kOrigin, 5, ledger::Hash{7}};
  const std::string text = checkpoint.to_text(), note = text + "\n" + kLog.line(text);
  const NoteSigner rotated{kOwnName, NoteKeyType::kCosignatureV1, 3},
      other{"ehr/10-20-0-7/witness", NoteKeyType::kCosignatureV1, 4};
  const auto verified = [&](const NoteSigner& by, std::uint64_t time) {
    return ledger::verify_cosignature(by.cosign(text, time), checkpoint, by.key).value();
  };
  const std::string first = ledger::with_cosignature(note, verified(kWitness, 10));
  CHECK(first == note + kWitness.cosign(text, 10));
  const std::string both = ledger::with_cosignature(first, verified(other, 11));
  CHECK(both == first + other.cosign(text, 11));
  CHECK(ledger::with_cosignature(both, verified(kWitness, 20)) ==
        note + kWitness.cosign(text, 20) + other.cosign(text, 11));
  CHECK(ledger::with_cosignature(both, verified(rotated, 20)) ==
        note + rotated.cosign(text, 20) + other.cosign(text, 11));
  // A false line with a time stamp of the far future must not keep the true one away.
  const std::string wedged =
      note + kWitness.cosign("other\n", ~std::uint64_t{0} >> 1U) + kWitness.cosign(text, 5);
  CHECK(ledger::with_cosignature(wedged, verified(kWitness, 20)) == note + kWitness.cosign(text, 20));
  // A log that signs in the same name keeps its line.
  const NoteSigner same_name{kOwnName, NoteKeyType::kEd25519, 2};
  const std::string by_log = text + "\n" + same_name.line(text);
  CHECK(ledger::with_cosignature(by_log, verified(kWitness, 1)) == by_log + kWitness.cosign(text, 1));
  CHECK_THROWS_AS(ledger::with_cosignature("no note", verified(kWitness, 1)), std::invalid_argument);
}
