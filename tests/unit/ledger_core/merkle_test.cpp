#include "ledger-client/core/merkle.h"

#include <bit>
#include <catch2/catch.hpp>
#include <map>

#include "ledger-client/core/sha256.h"

namespace {

std::vector<ledger::Hash> leaves(std::size_t count) {
  std::vector<ledger::Hash> hashes;
  for (std::size_t i = 0; i < count; ++i)
    hashes.push_back(ledger::leaf_hash(ledger::as_bytes(std::to_string(i))));
  return hashes;
}

// The definition of RFC 6962, 2.1, word for word.
ledger::Hash defined_root(std::span<const ledger::Hash> hashes) {
  if (hashes.empty()) return ledger::sha256("");
  if (hashes.size() == 1) return hashes[0];
  const std::size_t k = std::bit_floor(hashes.size() - 1);
  return ledger::node_hash(defined_root(hashes.first(k)), defined_root(hashes.subspan(k)));
}

}  // namespace

TEST_CASE("leaves and nodes are hashed apart") {
  CHECK(ledger::to_hex(ledger::leaf_hash({})) ==
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  ledger::Bytes both{0x01};
  both.insert(both.end(), 64, 0x00);
  CHECK(ledger::node_hash({}, {}) == ledger::sha256(ledger::ByteView{both}));
}

TEST_CASE("both ways to a root give the definition's") {
  const auto all = leaves(130);
  ledger::Frontier frontier;
  for (std::size_t size = 0; size <= all.size(); ++size) {
    const auto part = std::span{all}.first(size);
    CHECK(ledger::root_of_leaves(part) == defined_root(part));
    CHECK(frontier.root() == defined_root(part));
    CHECK(frontier.size() == size);
    if (size < all.size()) frontier.append(all[size]);
  }
}

TEST_CASE("appending names every node that became complete, once") {
  const auto all = leaves(64);
  ledger::Frontier frontier;
  std::map<std::pair<unsigned, std::uint64_t>, ledger::Hash> nodes;
  for (const auto& leaf : all) {
    frontier.append(leaf, [&](unsigned level, std::uint64_t index, const ledger::Hash& hash) {
      CHECK(nodes.emplace(std::pair{level, index}, hash).second);
      CHECK(hash == defined_root(std::span{all}.subspan(index << level, std::size_t{1} << level)));
    });
  }
  CHECK(nodes.size() == 127);
}

TEST_CASE("a frontier comes back from its nodes, with exactly as many as its size needs") {
  const auto all = leaves(11);
  ledger::Frontier frontier;
  for (const auto& leaf : all) frontier.append(leaf);
  const auto copy = ledger::Frontier::from_nodes(11, frontier.nodes());
  REQUIRE(copy);
  CHECK(copy->root() == frontier.root());
  CHECK_FALSE(ledger::Frontier::from_nodes(12, frontier.nodes()));
  CHECK_FALSE(ledger::Frontier::from_nodes(0, frontier.nodes()));
  CHECK(ledger::Frontier::from_nodes(0, {})->root() == ledger::empty_root());
}
