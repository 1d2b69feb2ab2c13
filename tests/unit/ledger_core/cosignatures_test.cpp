#include "ledger-client/core/cosignatures.h"

#include <catch2/catch.hpp>

#include "tests/support/test_history.h"

using ledger::Cosignatures;
using test_support::History;
using test_support::kOrigin;
using test_support::LogKey;
using test_support::WitnessKey;

namespace {

struct Fixture {
  LogKey key{kOrigin};
  History log{key};
  WitnessKey b{"ehr/10-20-0-6/witness", "b"}, c{"ehr/10-20-0-7/witness", "c"};
  Cosignatures cosignatures;

  std::string text(std::uint64_t size) { return ledger::parse_note(log.note(size)).value().text; }
  void publish(std::uint64_t size) {
    cosignatures.add_checkpoint(*ledger::open_checkpoint(log.note(size), key.key()));
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a checkpoint is witnessed when a quorum has cosigned it, in whatever order") {
  log.add(10);
  publish(3);
  publish(7);
  CHECK_FALSE(cosignatures.witnessed(2));
  CHECK(cosignatures.take(b.cosign(100, text(7)), b.key()));
  CHECK(cosignatures.take(c.cosign(100, text(3)), c.key()));
  CHECK_FALSE(cosignatures.witnessed(2));
  CHECK(cosignatures.take(b.cosign(99, text(3)), b.key()));  // late, of an older checkpoint
  const auto note = cosignatures.witnessed(2);
  REQUIRE(note);
  const std::array witnesses{b.key(), c.key()};
  const auto opened = ledger::open_checkpoint(*note, key.key(), witnesses);
  REQUIRE(opened);
  CHECK(opened->checkpoint.size == 3);
  CHECK(opened->cosigners.size() == 2);
  CHECK(cosignatures.take(c.cosign(101, text(7)), c.key()));
  CHECK(ledger::open_checkpoint(*cosignatures.witnessed(2), key.key())->checkpoint.size == 7);
  CHECK_FALSE(cosignatures.witnessed(3));
  CHECK_FALSE(cosignatures.witnessed(0));
}

TEST_CASE_METHOD(Fixture, "what is forged, repeated or of somebody else counts for nothing") {
  log.add(5);
  publish(5);
  const std::string line = b.cosign(100, text(5));
  CHECK_FALSE(cosignatures.take(line, c.key()));
  CHECK_FALSE(cosignatures.take(b.cosign(100, text(4)), b.key()));
  CHECK(cosignatures.take(line, b.key()));
  CHECK_FALSE(cosignatures.take(line, b.key()));
  CHECK_FALSE(cosignatures.take(b.cosign(99, text(5)), b.key()));
  CHECK(cosignatures.take(b.cosign(101, text(5)), b.key()));  // a refresh
  CHECK_FALSE(cosignatures.witnessed(2));
}

TEST_CASE_METHOD(Fixture, "only the last checkpoints are kept") {
  log.add(100);
  for (std::uint64_t size = 1; size <= 40; ++size) publish(size);
  CHECK_FALSE(cosignatures.take(b.cosign(100, text(1)), b.key()));
  CHECK(cosignatures.take(b.cosign(100, text(40)), b.key()));
  CHECK(ledger::open_checkpoint(cosignatures.newest(), key.key())->checkpoint.size == 40);
}

TEST_CASE_METHOD(Fixture, "a second history of the same size is not collected for") {
  log.add(5);
  publish(5);
  History other(key);
  other.add(4);
  other.add(1, 77);
  const auto fork = ledger::open_checkpoint(other.note(5), key.key());
  REQUIRE(fork);
  cosignatures.add_checkpoint(*fork);
  CHECK_FALSE(cosignatures.take(b.cosign(100, ledger::parse_note(other.note(5)).value().text), b.key()));
}
