#include "ledger-client/core/equivocation.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "ledger-client/core/base64.h"
#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/entry_rules.h"
#include "tests/support/note_signer.h"
#include "tests/support/shared_data.h"
#include "tests/unit/ledger_core/schema_support.h"

using ledger::Equivocation;
using ledger::Hash;
using ledger::NoteKey;
using ledger::NoteKeyType;
using nlohmann::json;
using test_support::NoteSigner;

namespace {

const std::string kOrigin = "ehr/10-20-0-5";
const NoteSigner kLog{kOrigin, NoteKeyType::kEd25519, 1};
const NoteSigner kOtherKey{kOrigin, NoteKeyType::kEd25519, 2};
const std::vector<NoteKey> kKeys{kLog.key};

json read_json(const std::filesystem::path& file) {
  return json::parse(test_support::read_file(file));
}

Hash hash_of(const json& base64) {
  return ledger::hash_from_bytes(ledger::base64_decode(base64.get<std::string>()).value()).value();
}

std::vector<Hash> leaves(const std::string& salt, std::size_t common, std::size_t size) {
  std::vector<Hash> hashes;
  for (std::size_t i = 0; i < size; ++i)
    hashes.push_back(ledger::leaf_hash(ledger::as_bytes((i < common ? "" : salt) + std::to_string(i))));
  return hashes;
}

std::string note(std::uint64_t size, const Hash& root, const NoteSigner& by = kLog) {
  const std::string text = ledger::Checkpoint{kOrigin, size, root}.to_text();
  return text + "\n" + by.line(text);
}

// Two histories that part after `common` entries.
struct Fork {
  std::vector<Hash> a, b;
  explicit Fork(std::size_t common = 3, std::size_t size = 20)
      : a(leaves("a", common, size)), b(leaves("b", common, size)) {}

  static Hash root(const std::vector<Hash>& history, std::size_t size) {
    return ledger::root_of_leaves(std::span{history}.first(size));
  }
  Equivocation same_size(std::size_t size) const {
    return {note(size, root(a, size)), note(size, root(b, size)), std::nullopt, {}};
  }
  Equivocation other_size(std::size_t old_size, std::size_t size) const {
    const auto read = [&](unsigned level, std::uint64_t index) {
      return ledger::root_of_leaves(std::span{b}.subspan(index << level, std::size_t{1} << level));
    };
    return {note(old_size, root(a, old_size)), note(size, root(b, size)), root(b, old_size),
            ledger::make_consistency(old_size, size, read)};
  }
};

bool convicts(const Equivocation& proof, std::span<const NoteKey> keys = kKeys) {
  return ledger::check_equivocation(proof, keys).ok();
}

}  // namespace

TEST_CASE("generated evidence: what proves convicts, near misses don't") {
  const auto folder = test_support::shared_data("testkit/tlog/generated");
  if (!folder) return;
  const json keys = read_json(*folder / "keys.json");
  const auto log = NoteKey::from_vkey(keys["log"]["vkey"].get<std::string>()).value();
  const auto rogue = NoteKey::from_vkey(keys["rogue"]["vkey"].get<std::string>()).value();
  const std::vector<NoteKey> both{rogue, log};
  int proven = 0, missed = 0;
  for (const json& test : read_json(*folder / "equivocation/evidence.json")) {
    INFO(test["Desc"]);
    Equivocation proof{test["Checkpoint1"], test["Checkpoint2"], std::nullopt, {}};
    if (test.contains("PrefixRoot")) proof.prefix_root = hash_of(test["PrefixRoot"]);
    for (const json& hash : test.value("Proof", json::array())) proof.consistency.push_back(hash_of(hash));
    const bool expected = test["Proven"];
    ++(expected ? proven : missed);
    // With the rogue key trusted as well, two keys still convict nobody.
    CHECK(convicts(proof, both) == expected);
    CHECK(convicts(proof, {&log, 1}) == expected);
    CHECK_FALSE(convicts(proof, {&rogue, 1}));
    CHECK_FALSE(convicts(proof, {}));
    const auto found =
        ledger::find_equivocation(proof.second, proof.first, proof.prefix_root, proof.consistency, both);
    CHECK(found.has_value() == expected);
    if (!expected) continue;
    const std::string text = ledger::encode_equivocation(*found);
    const auto again = ledger::parse_equivocation(text);
    REQUIRE(again.ok());
    CHECK(ledger::encode_equivocation(*again) == text);
    const auto conviction = ledger::check_equivocation(*again, both);
    REQUIRE(conviction.ok());
    CHECK(conviction->origin == log.name);
    CHECK(conviction->second.size == 600);
  }
  CHECK(proven >= 2);
  CHECK(missed >= 4);
}

TEST_CASE("generated notes of two histories: each pair that contradicts is found, no other is") {
  const auto folder = test_support::shared_data("testkit/tlog/generated");
  if (!folder) return;
  const std::vector<NoteKey> keys{
      NoteKey::from_vkey(read_json(*folder / "keys.json")["log"]["vkey"].get<std::string>()).value()};
  const auto read = [&](const std::string& name) { return test_support::read_file(*folder / name); };
  const std::string one = read("equivocation/same-size-1"), two = read("equivocation/same-size-2"),
                    old_b = read("equivocation/other-size-old-513-branch-b"),
                    common = read("equivocation/common-prefix-400");
  const auto found = [&](const std::string& a, const std::string& b) {
    return ledger::find_equivocation(a, b, std::nullopt, {}, keys);
  };
  CHECK(found(one, two));
  CHECK(found(two, one));
  CHECK(found(old_b, read("log/checkpoint.513")));
  // As it was published, with cosignatures: those stay out of the proof.
  CHECK(found(read("log/checkpoint.600"), two)->first == one);
  CHECK_FALSE(found(one, one));
  CHECK_FALSE(found(one, read("log/checkpoint.600")));
  CHECK_FALSE(found(old_b, two));
  CHECK_FALSE(found(common, one));
  CHECK_FALSE(found(one, ""));
  CHECK_FALSE(found("", one));
}

TEST_CASE("two roots of one size convict, and so does a prefix that is not the one signed") {
  const Fork fork;
  for (const std::size_t size : {4, 7, 20}) CHECK(convicts(fork.same_size(size)));
  for (std::size_t old_size = 4; old_size < 20; ++old_size) CHECK(convicts(fork.other_size(old_size, 20)));
  // Below the fork, the histories are one.
  CHECK_FALSE(convicts(fork.same_size(3)));
  CHECK_FALSE(convicts(fork.other_size(3, 20)));
  const auto conviction = ledger::check_equivocation(fork.other_size(5, 20), kKeys);
  REQUIRE(conviction.ok());
  CHECK(conviction->origin == kOrigin);
  CHECK(conviction->first == ledger::Checkpoint{kOrigin, 5, Fork::root(fork.a, 5)});
  CHECK(conviction->second == ledger::Checkpoint{kOrigin, 20, Fork::root(fork.b, 20)});
}

TEST_CASE("near misses of every field") {
  const Fork fork;
  const auto misses = [](Equivocation proof, auto change) {
    change(proof);
    CHECK_FALSE(convicts(proof));
  };
  const Equivocation same = fork.same_size(20), other = fork.other_size(5, 20);
  misses(same, [](auto& p) { p.second = p.first; });
  misses(same, [](auto& p) { p.prefix_root = Hash{}; });
  misses(same, [](auto& p) { p.consistency = {Hash{}}; });
  misses(same, [&](auto& p) { p.second = note(20, Fork::root(fork.b, 20), kOtherKey); });
  misses(same, [&](auto& p) { p.first = note(20, Fork::root(fork.a, 20), kOtherKey); });
  misses(same, [&](auto& p) { p.first = note(19, Fork::root(fork.a, 19)); });
  misses(same, [](auto& p) { p.first += kOtherKey.line("x\n"); });
  misses(same, [](auto& p) { p.first.clear(); });
  misses(same, [](auto& p) {
    const std::string text = ledger::Checkpoint{"ehr/10-20-0-6", 20, Hash{}}.to_text();
    p.second = text + "\n" + kLog.line(text);
  });
  misses(other, [](auto& p) { std::swap(p.first, p.second); });
  misses(other, [](auto& p) { p.prefix_root.reset(); });
  misses(other, [](auto& p) { (*p.prefix_root)[0] ^= 1; });
  misses(other, [&](auto& p) { p.prefix_root = Fork::root(fork.a, 5); });
  misses(other, [](auto& p) { p.consistency.clear(); });
  misses(other, [](auto& p) { p.consistency.pop_back(); });
  misses(other, [](auto& p) { p.consistency.push_back(Hash{}); });
  misses(other, [](auto& p) { p.consistency.assign(64, Hash{}); });
  for (std::size_t i = 0; i < other.consistency.size(); ++i)
    misses(other, [&](auto& p) { p.consistency[i][31] ^= 1; });
  misses(other, [&](auto& p) { p.first = note(6, Fork::root(fork.a, 6)); });
  misses(other, [&](auto& p) { p.second = note(20, Fork::root(fork.a, 20)); });
  misses(other, [&](auto& p) { p.first = note(0, Hash{1}); });
  for (const Equivocation& proof : {same, other}) {
    for (std::size_t at = 0; at < proof.first.size(); ++at) {
      misses(proof, [&](auto& p) { p.first[at] ^= 1; });
      misses(proof, [&](auto& p) { p.second[at] ^= 1; });
    }
  }
}

TEST_CASE("both signatures are by one key, of several that a log has had") {
  const Fork fork;
  const std::vector<NoteKey> both{kOtherKey.key, kLog.key};
  CHECK(convicts(fork.same_size(20), both));
  const std::string first = note(20, Fork::root(fork.a, 20)),
                    second = note(20, Fork::root(fork.b, 20), kOtherKey);
  CHECK_FALSE(convicts({first, second, std::nullopt, {}}, both));
  CHECK_FALSE(ledger::find_equivocation(first, second, std::nullopt, {}, both));
  // A note signed by both keys counts for each of them.
  const auto found = ledger::find_equivocation(
      first, second + kLog.line(second.substr(0, second.find("\n\n") + 1)), std::nullopt, {}, both);
  REQUIRE(found);
  CHECK(convicts(*found));
}

TEST_CASE("the JSON has one text, and only that is read") {
  const Fork fork;
  for (const Equivocation& proof : {fork.same_size(20), fork.other_size(5, 20)}) {
    const std::string text = ledger::encode_equivocation(proof);
    CHECK(ledger::canonicalize(text).value() == text);
    const auto read = ledger::parse_equivocation(text);
    REQUIRE(read.ok());
    CHECK(read->first == proof.first);
    CHECK(read->second == proof.second);
    CHECK(read->prefix_root == proof.prefix_root);
    CHECK(read->consistency == proof.consistency);
    CHECK(ledger::accused_origin(*read) == kOrigin);
    for (std::size_t length = 0; length < text.size(); ++length)
      CHECK_FALSE(ledger::parse_equivocation(text.substr(0, length)).ok());
    CHECK_FALSE(ledger::parse_equivocation(text + " ").ok());
    CHECK_FALSE(ledger::parse_equivocation(json::parse(text).dump(1)).ok());
    for (const auto* name : {"first", "second", "origin"}) {
      json lacks = json::parse(text);
      lacks.erase(name);
      CHECK_FALSE(ledger::parse_equivocation(lacks.dump()).ok());
    }
    json more = json::parse(text);
    more["more"] = 1;
    CHECK_FALSE(ledger::parse_equivocation(more.dump()).ok());
    json foreign = json::parse(text);
    foreign["origin"] = "ehr/10-20-0-6";
    CHECK_FALSE(ledger::parse_equivocation(ledger::canonical_json(foreign)).ok());
  }
  CHECK_FALSE(ledger::parse_equivocation("{\"first\":\"\xff\"}").ok());
  Equivocation crowded = fork.same_size(20);
  crowded.first += kOtherKey.line("x\n");
  CHECK_THROWS_AS(ledger::encode_equivocation(crowded), std::invalid_argument);
}

TEST_CASE("the largest proof about a log of an agent fits an entry") {
  // 63 hashes, and extension lines of characters that JSON has to escape.
  const NoteSigner log{"ehr/" + std::string(50, '1') + "/999999999", NoteKeyType::kEd25519, 1};
  const auto noted = [&](std::uint64_t size) {
    std::string text = ledger::Checkpoint{log.key.name, size, Hash{}}.to_text();
    text += std::string(ledger::kMaxCheckpointBytes - text.size() - 1, '"') + "\n";
    return text + "\n" + log.line(text);
  };
  const std::uint64_t large = (std::uint64_t{1} << 63U) - 1;
  const Equivocation proof{noted(large - 1), noted(large), Hash{1}, ledger::Proof(63, Hash{2})};
  ledger::Entry entry;
  entry.origin = log.key.name;
  entry.index = ledger::kMaxEntryBytes;
  entry.type = ledger::entry_type::kEquivocation;
  entry.body = ledger::encode_body(proof);
  CHECK(entry.body.size() <= ledger::kMaxEquivocationBytes);
  CHECK(ledger::parse_entry(ledger::encode_entry(entry)).ok());
}

TEST_CASE("an equivocation entry is effective by its form and convicts by the keys") {
  const auto convicted = [](const ledger::Entry& of, const std::vector<NoteKey>& keys) {
    const auto proof = ledger::decode_equivocation(of);
    return proof ? ledger::check_equivocation(*proof, keys)
                 : ledger::Result<ledger::Conviction>(proof.error());
  };
  ledger::Entry entry;
  entry.type = ledger::entry_type::kEquivocation;
  for (const json& example : test_support::schema_examples("valid", "entry-equivocation")) {
    entry.body = ledger::canonical_json(example);
    CHECK(ledger::judge_entry(entry).meaning == ledger::Meaning::kEffective);
    const auto conviction = convicted(entry, kKeys);
    REQUIRE(conviction.ok());
    CHECK(conviction->origin == kOrigin);
    CHECK_FALSE(convicted(entry, {}).ok());
  }
  // Form without truth is stored and effective, and convicts nobody.
  const Fork fork;
  Equivocation lie = fork.same_size(20);
  lie.second = note(20, Fork::root(fork.b, 20), kOtherKey);
  entry.body = ledger::encode_body(lie);
  CHECK(ledger::judge_entry(entry).meaning == ledger::Meaning::kEffective);
  CHECK_FALSE(convicted(entry, kKeys).ok());
  entry.body = "{}";
  CHECK(ledger::judge_entry(entry).meaning == ledger::Meaning::kVoid);
  CHECK_FALSE(convicted(entry, kKeys).ok());
  // Of a log that is no agent's: a proof, but not for this ledger.
  const NoteSigner foreign{"log.example", NoteKeyType::kEd25519, 1};
  const auto foreign_note = [&](const Hash& root) {
    const std::string text = ledger::Checkpoint{foreign.key.name, 9, root}.to_text();
    return text + "\n" + foreign.line(text);
  };
  const Equivocation proof{foreign_note(Hash{1}), foreign_note(Hash{2}), std::nullopt, {}};
  CHECK(convicts(proof, {&foreign.key, 1}));
  CHECK_THROWS_AS(ledger::encode_body(proof), std::invalid_argument);
  entry.body = ledger::encode_equivocation(proof);
  CHECK(ledger::judge_entry(entry).meaning == ledger::Meaning::kVoid);
}
