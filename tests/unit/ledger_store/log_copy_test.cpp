#include "ledger-client/store/log_copy.h"

#include <catch2/catch.hpp>

#include "ledger-client/store/replica.h"
#include "tests/support/test_history.h"

using ledger::read_range;
using ledger::Replica;
using test_support::History;
using test_support::kOrigin;
using test_support::LogKey;

namespace {

struct Fixture {
  test_support::TempDir dir;
  LogKey key{kOrigin};
  std::array<ledger::NoteKey, 1> keys{key.key()};
  History log{key};
  Replica source{dir / "source.db", kOrigin};
};

}  // namespace

TEST_CASE_METHOD(Fixture, "pieces of any log are taken by a replica, from whichever copy they come") {
  log.add(2345);
  REQUIRE(source.append(log.batch(0, 2345), keys));
  Replica copy(dir / "copy.db", kOrigin);
  int pieces = 0;
  while (copy.size() < 2345) {
    const auto piece = read_range(source.reader(), copy.size());
    REQUIRE(piece);
    CHECK(piece->lines.size() <= ledger::kMaxRangeEntries);
    REQUIRE(copy.append({copy.size(), piece->lines, piece->note, piece->consistency}, keys));
    ++pieces;
  }
  CHECK(pieces == 3);
  CHECK(copy.root() == log.root(2345));
  const auto end = read_range(source.reader(), 2345);
  REQUIRE(end);
  CHECK(end->lines.empty());
  CHECK_FALSE(read_range(source.reader(), 2346));
}

TEST_CASE_METHOD(Fixture, "a piece keeps to its limits, and holds one entry at least") {
  log.add(50);
  REQUIRE(source.append(log.batch(0, 50), keys));
  CHECK(read_range(source.reader(), 10, 7)->lines.size() == 7);
  const auto two = log.lines()[10].size() + log.lines()[11].size() + 2;
  CHECK(read_range(source.reader(), 10, 100, two)->lines.size() == 2);
  CHECK(read_range(source.reader(), 10, 100, two - 1)->lines.size() == 1);
  CHECK(read_range(source.reader(), 10, 100, 1)->lines.size() == 1);
}

TEST_CASE_METHOD(Fixture, "an incomplete copy gives what it can prove") {
  log.add(300);
  REQUIRE(source.append(log.batch(0, 100), keys));
  REQUIRE(source.append(log.batch(100, 200, 300), keys));
  const auto until_checkpoint = read_range(source.reader(), 50, 50);
  REQUIRE(until_checkpoint);
  CHECK(until_checkpoint->note == log.note(100));
  const auto until_end = read_range(source.reader(), 150, 50);
  REQUIRE(until_end);
  CHECK(until_end->note == log.note(300));
  CHECK(until_end->consistency == log.consistency(200, 300));
  CHECK_FALSE(read_range(source.reader(), 150, 10));
}

TEST_CASE_METHOD(Fixture, "consistency between any two sizes") {
  log.add(70);
  REQUIRE(source.append(log.batch(0, 70), keys));
  for (std::uint64_t old_size = 0; old_size <= 70; ++old_size) {
    for (std::uint64_t size = old_size; size <= 70; ++size) {
      CHECK(ledger::consistency_between(source.reader(), old_size, size) == log.consistency(old_size, size));
    }
    CHECK(ledger::root_at(source.reader(), old_size) == log.root(old_size));
  }
}
