#include "ledger-client/core/origin.h"

#include <catch2/catch.hpp>

using ledger::Address;
using ledger::parse_origin;

TEST_CASE("an origin is an address and a generation, in one spelling") {
  const auto first = parse_origin("ehr/10-20-0-5");
  REQUIRE(first);
  CHECK(first->address.text() == "10.20.0.5");
  CHECK(first->generation == 1);
  CHECK(first->text() == "ehr/10-20-0-5");
  CHECK(first->next().text() == "ehr/10-20-0-5/2");
  CHECK(parse_origin(first->next().text()) == first->next());
  const auto late = parse_origin("ehr/fd00--5/999999999");
  REQUIRE(late);
  CHECK(late->generation == 999'999'999);
  CHECK(late->text() == "ehr/fd00--5/999999999");
  for (const auto* text : {"",
                           "ehr/",
                           "ehr",
                           "EHR/10-20-0-5",
                           "10-20-0-5",
                           "ehr/10.20.0.5",
                           "ehr/10-20-0",
                           "ehr/010-20-0-5",
                           "ehr/10-20-0-5/",
                           "ehr/10-20-0-5/0",
                           "ehr/10-20-0-5/1",
                           "ehr/10-20-0-5/02",
                           "ehr/10-20-0-5/2/3",
                           "ehr/10-20-0-5/+2",
                           "ehr/10-20-0-5/2 ",
                           "ehr/10-20-0-5/1000000000",
                           "ehr/10-20-0-5/witness",
                           "ehr/10-20-0-5\n",
                           "ehr/FD00--5",
                           "ehr/fd00-0-0-0-0-0-0-5"}) {
    INFO(text);
    CHECK_FALSE(parse_origin(text));
  }
}

TEST_CASE("the form of an origin is judged without its address") {
  CHECK(ledger::has_origin_form("ehr/10-20-0-5/2"));
  CHECK(ledger::has_origin_form("ehr/10-20-0-999"));
  CHECK_FALSE(ledger::has_origin_form("ehr/10-20-0-5/1"));
  CHECK_FALSE(ledger::has_origin_form("ehr/" + std::string(61, '1')));
  CHECK(ledger::has_origin_form("ehr/" + std::string(60, '1')));
}

TEST_CASE("a later log is one of the same agent") {
  using ledger::is_later_origin;
  CHECK(is_later_origin("ehr/10-20-0-5/2", "ehr/10-20-0-5"));
  CHECK(is_later_origin("ehr/10-20-0-5/10", "ehr/10-20-0-5/9"));
  CHECK_FALSE(is_later_origin("ehr/10-20-0-5", "ehr/10-20-0-5"));
  CHECK_FALSE(is_later_origin("ehr/10-20-0-5", "ehr/10-20-0-5/2"));
  CHECK_FALSE(is_later_origin("ehr/10-20-0-6/2", "ehr/10-20-0-5"));
  CHECK_FALSE(is_later_origin("ehr/10-20-0-5/2", ""));
  CHECK_FALSE(is_later_origin("", "ehr/10-20-0-5"));
}
