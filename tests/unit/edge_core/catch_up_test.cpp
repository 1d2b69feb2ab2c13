#include "agent/core/catch_up.h"

#include <catch2/catch.hpp>

using namespace edge;
using namespace std::chrono_literals;

namespace {

const ledger::Address kOwner = *ledger::Address::parse("10.20.0.5");
const ledger::Address kOther = *ledger::Address::parse("10.20.0.6");
const CatchUp::Time kStart{1'000s};

}  // namespace

TEST_CASE("what is missing is asked for in ranges, several at once, of the owner") {
  CatchUp catch_up({kOwner, kOther});
  CHECK(catch_up.next(0, kStart).empty());
  catch_up.want(500, 6'000);
  const auto asks = catch_up.next(500, kStart);
  REQUIRE(asks.size() == CatchUp::kParallel);
  std::uint64_t from = 500;
  for (const auto& ask : asks) {
    CHECK(ask.peer == kOwner);
    CHECK(ask.from == from);
    CHECK(ask.count == CatchUp::kRangeEntries);
    from += ask.count;
  }
  CHECK(catch_up.next(500, kStart).empty());
  catch_up.answered(asks[0], 1'000);
  const auto more = catch_up.next(1'500, kStart);
  REQUIRE(more.size() == 1);
  CHECK(more[0].from == 4'500);
}

TEST_CASE("the last range ends at the target, and a larger target adds only what is beyond") {
  CatchUp catch_up({kOwner});
  catch_up.want(0, 10);
  auto asks = catch_up.next(0, kStart);
  REQUIRE(asks.size() == 1);
  CHECK(asks[0].count == 10);
  catch_up.want(0, 25);
  catch_up.want(0, 20);  // older news
  asks = catch_up.next(0, kStart);
  REQUIRE(asks.size() == 1);
  CHECK(asks[0].from == 10);
  CHECK(asks[0].count == 15);
  CHECK(catch_up.target() == 25);
}

TEST_CASE("a short answer is asked on from where it ended") {
  CatchUp catch_up({kOwner});
  catch_up.want(0, 1'000);
  const auto asks = catch_up.next(0, kStart);
  catch_up.answered(asks.at(0), 300);
  const auto rest = catch_up.next(300, kStart);
  REQUIRE(rest.size() == 1);
  CHECK(rest[0].from == 300);
  CHECK(rest[0].count == 700);
}

TEST_CASE("who does not answer rests, longer each time, and others are asked, the owner again afterwards") {
  CatchUp catch_up({kOwner, kOther});
  catch_up.want(0, 100);
  auto asks = catch_up.next(0, kStart);
  catch_up.failed(asks.at(0), kStart);
  asks = catch_up.next(0, kStart);
  REQUIRE(asks.size() == 1);
  CHECK(asks[0].peer == kOther);
  CHECK(asks[0].from == 0);
  catch_up.failed(asks[0], kStart);
  CHECK(catch_up.next(0, kStart + 1s).empty());
  asks = catch_up.next(0, kStart + 2s);
  REQUIRE(asks.size() == 1);
  CHECK(asks[0].peer == kOwner);
  catch_up.failed(asks[0], kStart + 2s);
  asks = catch_up.next(0, kStart + 3s);
  REQUIRE(asks.size() == 1);
  CHECK(asks[0].peer == kOther);
  catch_up.answered(asks[0], 100);
  CHECK(catch_up.idle());
}

TEST_CASE("answers that overtake are bounded: nothing far ahead of what is held is asked") {
  CatchUp catch_up({kOwner});
  catch_up.want(0, 1'000'000);
  std::uint64_t furthest = 0;
  for (int round = 0; round < 100; ++round) {
    const auto asks = catch_up.next(0, kStart);
    for (const auto& ask : asks) {
      furthest = std::max(furthest, ask.from);
      catch_up.answered(ask, ask.count);  // but held stays at 0: the first piece did not fit
    }
  }
  CHECK(furthest < CatchUp::kAheadEntries);
}

TEST_CASE("after a cut everything from there on is asked for anew") {
  CatchUp catch_up({kOwner});
  catch_up.want(0, 3'000);
  for (const auto& ask : catch_up.next(0, kStart)) catch_up.answered(ask, ask.count);
  CHECK(catch_up.idle());
  catch_up.restart(1'200);
  const auto asks = catch_up.next(1'200, kStart);
  REQUIRE(asks.size() == 2);
  CHECK(asks[0].from == 1'200);
  CHECK(asks[1].count == 800);
}
