// Secret sharing and shares as text: generated splits, every subset, every kind of bad share.
#include <sodium.h>

#include <bit>
#include <catch2/catch.hpp>
#include <random>

#include "agent/core/key_share.h"

namespace {

using Catch::Contains;
using edge::KeyShare;
using edge::Secret;
namespace shamir = edge::shamir;

Secret scalar_of(unsigned value) {
  Secret scalar(shamir::kScalarBytes);
  scalar.reveal()[0] = static_cast<std::uint8_t>(value);
  return scalar;
}

shamir::Share copy(const shamir::Share& share) {
  return {share.index, Secret(share.value.reveal())};
}

std::vector<shamir::Share> chosen(const shamir::Dealing& dealing, unsigned mask) {
  std::vector<shamir::Share> out;
  for (unsigned i = 0; i < dealing.shares.size(); ++i)
    if (mask >> i & 1U) out.push_back(copy(dealing.shares[i]));
  return out;
}

bool same(const Secret& a, const Secret& b) {
  return a.size() == b.size() && sodium_memcmp(a.reveal().data(), b.reveal().data(), a.size()) == 0;
}

std::string reason(const ledger::Result<Secret>& result) {
  return result ? "" : result.error().reason;
}

KeyShare copy(const KeyShare& share) {
  return {share.set, share.owner, share.count, copy(share.share), share.commitments, share.sealed};
}
std::vector<KeyShare> copies(const std::vector<KeyShare>& shares, std::initializer_list<unsigned> which) {
  std::vector<KeyShare> out;
  for (const unsigned i : which) out.push_back(copy(shares[i]));
  return out;
}

Secret text_secret(std::string_view text) {
  return Secret(ledger::as_bytes(text));
}

}  // namespace

// RFC 9496, A.1: the first multiples of the generator.
TEST_CASE("commitments are multiples of the generator, as published") {
  std::vector<Secret> coefficients;
  coefficients.push_back(scalar_of(2));
  const auto dealing = shamir::deal_with(scalar_of(1), 3, coefficients);
  CHECK(ledger::to_hex(dealing.commitments[0]) ==
        "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76");
  CHECK(ledger::to_hex(dealing.commitments[1]) ==
        "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919");
  for (unsigned i = 0; i < 3; ++i) {  // 1 + 2x
    CHECK(dealing.shares[i].index == i + 1);
    CHECK(same(dealing.shares[i].value, scalar_of(1 + 2 * (i + 1))));
  }
}

TEST_CASE("any threshold of the shares gives the secret, fewer do not") {
  for (const auto& [count, threshold] : {std::pair{2U, 2U}, {3U, 2U}, {5U, 3U}, {6U, 6U}, {7U, 4U}}) {
    INFO(threshold << " of " << count);
    const Secret secret = shamir::random_scalar();
    const auto dealing = shamir::deal(secret, count, threshold);
    for (unsigned mask = 0; mask < 1U << count; ++mask) {
      const auto result = shamir::combine(chosen(dealing, mask), dealing.commitments);
      const auto taken = static_cast<unsigned>(std::popcount(mask));
      if (taken >= threshold) {
        REQUIRE(result.ok());
        CHECK(same(*result, secret));
      } else {
        CHECK_THAT(reason(result), Contains("too few shares: " + std::to_string(taken)));
      }
    }
  }
}

TEST_CASE("the most shares there can be") {
  const Secret secret = shamir::random_scalar();
  const auto dealing = shamir::deal(secret, shamir::kMaxShares, shamir::kMaxShares);
  std::vector<shamir::Share> shares;
  for (auto share = dealing.shares.rbegin(); share != dealing.shares.rend(); ++share)
    shares.push_back(copy(*share));
  const auto result = shamir::combine(shares, dealing.commitments);
  REQUIRE(result.ok());
  CHECK(same(*result, secret));
}

TEST_CASE("a wrong share is named, and a share there twice") {
  std::mt19937 random(7);
  const auto dealing = shamir::deal(shamir::random_scalar(), 5, 3);
  for (int round = 0; round < 200; ++round) {
    auto shares = chosen(dealing, 0b11111);
    const unsigned bad = random() % 5;
    auto& value = shares[bad].value.reveal()[random() % shamir::kScalarBytes];
    value = static_cast<std::uint8_t>(value ^ 1U << random() % 8);
    CHECK(reason(shamir::combine(shares, dealing.commitments)) ==
          "share " + std::to_string(bad + 1) + " is wrong: it does not fit the commitments");
  }
  auto twice = chosen(dealing, 0b00011);
  twice.push_back(copy(twice[0]));
  CHECK(reason(shamir::combine(twice, dealing.commitments)) == "share 1 is there twice");
  auto renamed = chosen(dealing, 0b00111);
  renamed[2].index = 4;
  CHECK_THAT(reason(shamir::combine(renamed, dealing.commitments)), Contains("share 4 is wrong"));
  auto zero = chosen(dealing, 0b00111);
  zero[0].index = 0;
  CHECK_FALSE(shamir::combine(zero, dealing.commitments).ok());
}

TEST_CASE("commitments that are no points, and scalars that are not reduced, fit nothing") {
  const auto dealing = shamir::deal(shamir::random_scalar(), 3, 2);
  auto commitments = dealing.commitments;
  commitments[1].fill(0xff);
  CHECK_FALSE(shamir::fits(dealing.shares[0], commitments));
  commitments[1].fill(0);  // the neutral element
  CHECK_FALSE(shamir::fits(dealing.shares[0], commitments));
  CHECK_FALSE(shamir::fits(dealing.shares[0], {}));
  // The same residue with the order added.
  const auto order = *ledger::from_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  shamir::Share raised = copy(dealing.shares[0]);
  sodium_add(raised.value.reveal().data(), order.data(), order.size());
  CHECK(shamir::fits(dealing.shares[0], dealing.commitments));
  CHECK_FALSE(shamir::fits(raised, dealing.commitments));
}

TEST_CASE("a dealing that makes no sense is refused") {
  const Secret secret = shamir::random_scalar();
  CHECK_THROWS_AS(shamir::deal(secret, 5, 1), std::invalid_argument);
  CHECK_THROWS_AS(shamir::deal(secret, 2, 3), std::invalid_argument);
  CHECK_THROWS_AS(shamir::deal(secret, 65, 3), std::invalid_argument);
  CHECK_THROWS_AS(shamir::deal(Secret(32), 3, 2), std::invalid_argument);
  CHECK_THROWS_AS(shamir::deal(Secret(31), 3, 2), std::invalid_argument);
}

TEST_CASE("a share's text reads back, and recovers what was split") {
  const Secret secret = text_secret("AGE-SECRET-KEY-1 and more");
  const auto dealt = edge::split_secret(secret, "10.20.0.5", 5, 3);
  std::vector<KeyShare> read;
  for (const KeyShare& share : dealt) {
    auto parsed = edge::parse_share(edge::share_text(share));
    REQUIRE(parsed.ok());
    CHECK(parsed->set == share.set);
    CHECK(parsed->owner == "10.20.0.5");
    CHECK(parsed->count == 5);
    CHECK(same(edge::share_text(*parsed), edge::share_text(share)));
    read.push_back(std::move(parsed).value());
  }
  for (const auto& which : {std::initializer_list<unsigned>{0, 1, 2}, {4, 2, 0}, {1, 3, 4, 0}}) {
    const auto recovered = edge::recover_secret(copies(read, which));
    REQUIRE(recovered.ok());
    CHECK(same(*recovered, secret));
  }
  CHECK(reason(edge::recover_secret(copies(read, {0, 1}))) == "too few shares: 2 of the 3 that are needed");
  CHECK(reason(edge::recover_secret(copies(read, {0, 1, 1}))) == "share 2 is there twice");
  CHECK(reason(edge::recover_secret({})) == "too few shares: none");
  auto mixed = copies(read, {0, 1});
  mixed.push_back(copy(edge::split_secret(secret, "10.20.0.5", 5, 3)[2]));
  CHECK_THAT(reason(edge::recover_secret(std::move(mixed))),
             Contains("share 3 of 10.20.0.5 is of another split"));
}

TEST_CASE("no damaged share is taken for a good one") {
  std::mt19937 random(11);
  const auto dealt = edge::split_secret(text_secret("secret"), "fd00::5", 5, 3);
  const Secret good = edge::share_text(dealt[1]);
  const std::string text(ledger::as_text(good.reveal()));
  const std::size_t before_sealed = text.find("sealed ");  // age answers for the rest
  int wrong = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string damaged = text;
    const std::size_t at = random() % before_sealed;
    switch (random() % 3) {
      case 0:
        damaged[at] = static_cast<char>("0159afAF \n-."[random() % 12]);
        break;
      case 1:
        damaged.erase(at, 1 + random() % 3);
        break;
      default:
        damaged.insert(at, 1, static_cast<char>("0159afAF \n-."[random() % 12]));
    }
    const auto parsed = edge::parse_share(text_secret(damaged));
    if (parsed) {  // only what the commitments don't bind: the set, the owner, the number of shares
      CHECK(same(parsed->share.value, dealt[1].share.value));
      CHECK(parsed->commitments == dealt[1].commitments);
    } else {
      ++wrong;
    }
  }
  CHECK(wrong > 1000);
  CHECK_FALSE(edge::parse_share(text_secret("")).ok());
  CHECK_FALSE(edge::parse_share(text_secret(text + "x")).ok());
  CHECK_FALSE(edge::parse_share(text_secret(text.substr(0, text.size() - 1))).ok());
}
