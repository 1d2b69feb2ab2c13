#include "ledger-client/core/bytes.h"

#include <catch2/catch.hpp>

TEST_CASE("hexadecimal has one text per value") {
  const ledger::Bytes bytes{0x00, 0x7f, 0xff};
  CHECK(ledger::to_hex(bytes) == "007fff");
  CHECK(ledger::from_hex("007fff") == bytes);
  CHECK_FALSE(ledger::from_hex("007FFF"));
  CHECK_FALSE(ledger::from_hex("007ff"));
  CHECK_FALSE(ledger::from_hex("0g"));
  CHECK_FALSE(ledger::hash_from_hex("00"));
}
