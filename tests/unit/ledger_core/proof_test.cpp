#include "ledger-client/core/proof.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "ledger-client/core/base64.h"
#include "ledger-client/core/sha256.h"
#include "tests/support/shared_data.h"

using ledger::Hash;
using ledger::Proof;
using nlohmann::json;

namespace {

json read_json(const std::filesystem::path& file) {
  return json::parse(test_support::read_file(file));
}

std::optional<Hash> hash_of(const json& base64) {
  if (!base64.is_string()) return std::nullopt;
  const auto bytes = ledger::base64_decode(base64.get<std::string>());
  return bytes ? ledger::hash_from_bytes(*bytes) : std::nullopt;
}

// Nothing where an element is not 32 bytes: a proof of such a thing can't even be spelled in our types.
std::optional<Proof> proof_of(const json& list) {
  Proof proof;
  for (const auto& item : list) {
    const auto hash = hash_of(item);
    if (!hash) return std::nullopt;
    proof.push_back(*hash);
  }
  return proof;
}

// The 600 entries' leaf hashes as the independent log holds them: level 0 tiles.
std::vector<Hash> generated_leaves(const std::filesystem::path& tlog) {
  std::string tiles;
  for (const auto* tile : {"000", "001", "002.p/88"}) {
    tiles += test_support::read_file(tlog / "log/tile/0" / tile);
  }
  std::vector<Hash> leaves;
  for (std::size_t at = 0; at < tiles.size(); at += 32) {
    leaves.push_back(*ledger::hash_from_bytes(ledger::as_bytes(tiles).subspan(at, 32)));
  }
  return leaves;
}

ledger::ReadNode reader(const std::vector<Hash>& leaves) {
  return [&leaves](unsigned level, std::uint64_t index) {
    return ledger::root_of_leaves(std::span{leaves}.subspan(index << level, std::size_t{1} << level));
  };
}

}  // namespace

TEST_CASE("transparency-dev's inclusion vectors") {
  const auto folder = test_support::shared_data("testkit/tlog/merkle-proofs/inclusion");
  if (!folder) return;
  int seen = 0;
  for (const auto& item : std::filesystem::recursive_directory_iterator(*folder)) {
    if (item.path().extension() != ".json") continue;
    INFO(item.path());
    const json test = read_json(item);
    const auto leaf = hash_of(test["leafHash"]), root = hash_of(test["root"]);
    const auto proof = proof_of(test["proof"]);
    const bool ok = leaf && root && proof &&
                    ledger::verify_inclusion(test["leafIdx"], test["treeSize"], *leaf, *proof, *root);
    CHECK(ok == !test["wantErr"].get<bool>());
    ++seen;
  }
  CHECK(seen > 90);
}

TEST_CASE("transparency-dev's consistency vectors") {
  const auto folder = test_support::shared_data("testkit/tlog/merkle-proofs/consistency");
  if (!folder) return;
  int seen = 0;
  for (const auto& item : std::filesystem::recursive_directory_iterator(*folder)) {
    // Two equal "roots" of 12 bytes: not spellable here, where a root has 32.
    if (item.path().extension() != ".json" ||
        item.path().filename() == "sizes-are-equal-one-and-proof-is-empty.json")
      continue;
    INFO(item.path());
    const json test = read_json(item);
    const auto old_root = hash_of(test["root1"]), root = hash_of(test["root2"]);
    const auto proof = proof_of(test["proof"]);
    const bool ok = old_root && root && proof &&
                    ledger::verify_consistency(test["size1"], test["size2"], *old_root, *root, *proof);
    CHECK(ok == !test["wantErr"].get<bool>());
    ++seen;
  }
  CHECK(seen > 90);
}

TEST_CASE("an independent log's roots and proofs: checked, and made again byte for byte") {
  const auto tlog = test_support::shared_data("testkit/tlog/generated");
  if (!tlog) return;
  const auto leaves = generated_leaves(*tlog);
  REQUIRE(leaves.size() == 600);
  const auto read = reader(leaves);
  const json roots = read_json(*tlog / "roots.json")["roots"];
  ledger::Frontier frontier;
  for (std::uint64_t size = 0; size <= leaves.size(); ++size) {
    CHECK(frontier.root() == hash_of(roots[size]));
    CHECK(ledger::root_from_nodes(size, read) == frontier.root());
    if (size < leaves.size()) frontier.append(leaves[size]);
  }
  for (const json& test : read_json(*tlog / "inclusion.json")) {
    const std::uint64_t index = test["Index"], size = test["Size"];
    const auto proof = proof_of(test["Proof"]).value();
    const bool ok =
        ledger::verify_inclusion(index, size, *hash_of(test["LeafHash"]), proof, *hash_of(test["Root"]));
    CHECK(ok == test.value("OK", true));
    if (ok) CHECK(ledger::make_inclusion(index, size, read) == proof);
  }
  for (const json& test : read_json(*tlog / "consistency.json")) {
    const std::uint64_t old_size = test["Old"], size = test["New"];
    const auto proof = proof_of(test["Proof"]).value();
    CHECK(ledger::verify_consistency(old_size, size, *hash_of(test["OldRoot"]), *hash_of(test["NewRoot"]),
                                     proof));
    CHECK(ledger::make_consistency(old_size, size, read) == proof);
  }
}

TEST_CASE("every proof of every small tree verifies, and no damaged one does") {
  std::vector<Hash> leaves;
  for (int i = 0; i < 20; ++i) leaves.push_back(ledger::sha256(std::to_string(i)));
  const auto read = reader(leaves);
  for (std::uint64_t size = 1; size <= leaves.size(); ++size) {
    const Hash root = ledger::root_from_nodes(size, read);
    for (std::uint64_t index = 0; index < size; ++index) {
      Proof proof = ledger::make_inclusion(index, size, read);
      CHECK(ledger::verify_inclusion(index, size, leaves[index], proof, root));
      CHECK_FALSE(ledger::verify_inclusion(size, size, leaves[index], proof, root));
      for (auto& hash : proof) {
        hash[7] ^= 1;
        CHECK_FALSE(ledger::verify_inclusion(index, size, leaves[index], proof, root));
        hash[7] ^= 1;
      }
      proof.push_back(root);
      CHECK_FALSE(ledger::verify_inclusion(index, size, leaves[index], proof, root));
      proof.resize(proof.size() - 1);
      if (!proof.empty()) {
        proof.pop_back();
        CHECK_FALSE(ledger::verify_inclusion(index, size, leaves[index], proof, root));
      }
    }
    for (std::uint64_t old_size = 1; old_size <= size; ++old_size) {
      const Hash old_root = ledger::root_from_nodes(old_size, read);
      Proof proof = ledger::make_consistency(old_size, size, read);
      CHECK(ledger::verify_consistency(old_size, size, old_root, root, proof));
      if (old_size < size) CHECK_FALSE(ledger::verify_consistency(old_size, size, root, root, proof));
      proof.push_back(root);
      CHECK_FALSE(ledger::verify_consistency(old_size, size, old_root, root, proof));
    }
  }
}

TEST_CASE("proofs out of any tree's reach are refused") {
  const Proof endless(64, Hash{});
  CHECK_FALSE(ledger::verify_inclusion(0, ~std::uint64_t{0}, Hash{}, endless, Hash{}));
  CHECK_FALSE(ledger::verify_consistency(1, ~std::uint64_t{0}, Hash{}, Hash{}, endless));
  CHECK_FALSE(ledger::verify_consistency(0, 5, ledger::empty_root(), Hash{}, {}));
  const auto none = [](unsigned, std::uint64_t) { return Hash{}; };
  CHECK_THROWS_AS(ledger::make_inclusion(5, 5, none), std::invalid_argument);
  CHECK_THROWS_AS(ledger::make_consistency(0, 5, none), std::invalid_argument);
  CHECK_THROWS_AS(ledger::make_consistency(6, 5, none), std::invalid_argument);
}

TEST_CASE("a consistency proof shows both roots it leads to") {
  std::vector<Hash> leaves;
  for (int i = 0; i < 40; ++i) leaves.push_back(ledger::leaf_hash(ledger::as_bytes(std::to_string(i))));
  const auto read = reader(leaves);
  for (std::uint64_t old_size = 1; old_size < 40; ++old_size) {
    for (std::uint64_t size = old_size + 1; size <= 40; ++size) {
      const auto proof = ledger::make_consistency(old_size, size, read);
      const auto roots = ledger::roots_from_consistency(old_size, size, proof);
      REQUIRE(roots.has_value() == ((old_size & (old_size - 1)) != 0));
      if (!roots) continue;
      CHECK(roots->old_root == ledger::root_from_nodes(old_size, read));
      CHECK(roots->root == ledger::root_from_nodes(size, read));
    }
  }
  const auto proof = ledger::make_consistency(6, 7, read);
  CHECK_FALSE(ledger::roots_from_consistency(6, 7, {}));
  CHECK_FALSE(ledger::roots_from_consistency(6, 7, std::span(proof).first(proof.size() - 1)));
  CHECK_FALSE(ledger::roots_from_consistency(7, 7, proof));
  CHECK_FALSE(ledger::roots_from_consistency(0, 7, proof));
}
