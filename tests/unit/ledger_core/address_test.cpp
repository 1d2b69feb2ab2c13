#include "ledger-client/core/address.h"

#include <catch2/catch.hpp>

using ledger::Address;

TEST_CASE("addresses have one text and one topic form") {
  struct Row {
    std::string_view written, text, topic_form;
  };
  const auto row =
      GENERATE(Row{"10.20.0.5", "10.20.0.5", "10-20-0-5"}, Row{"127.0.10.1", "127.0.10.1", "127-0-10-1"},
               Row{"fd00::5", "fd00::5", "fd00--5"}, Row{"FD00:0:0:0:0:0:0:5", "fd00::5", "fd00--5"},
               Row{"::", "::", "--"}, Row{"::1", "::1", "--1"}, Row{"1::", "1::", "1--"},
               Row{"0:0:0:1:0:0:0:0", "0:0:0:1::", "0-0-0-1--"},
               Row{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", "2001-db8-0-1-1-1-1-1"},
               Row{"2001:db8::0:1:0:0:1", "2001:db8::1:0:0:1", "2001-db8--1-0-0-1"},
               Row{"2001:0db8::0001", "2001:db8::1", "2001-db8--1"}, Row{"::10.20.0.5", "::a14:5", "--a14-5"},
               Row{"64:ff9b::10.20.0.5", "64:ff9b::a14:5", "64-ff9b--a14-5"},
               Row{"::ffff:10.20.0.5", "10.20.0.5", "10-20-0-5"},
               Row{"::ffff:1:2:3:4", "::ffff:1:2:3:4", "--ffff-1-2-3-4"});
  INFO(row.written);
  const auto address = Address::parse(row.written);
  REQUIRE(address);
  CHECK(address->text() == row.text);
  CHECK(address->topic_form() == row.topic_form);
  CHECK(Address::from_topic_form(row.topic_form) == address);
  CHECK(Address::parse(address->text()) == address);
  CHECK(address->origin() == "ehr/" + address->topic_form());
  CHECK(address->witness_name() == "ehr/" + address->topic_form() + "/witness");
}

TEST_CASE("what is no plain address is refused") {
  for (const auto* text : {"",
                           "10.20.0",
                           "10.20.0.5.6",
                           "10.20.0.256",
                           "010.20.0.5",
                           "10.20.0.5:1883",
                           "10.20.0.0/24",
                           " 10.20.0.5",
                           "10.20.0.5 ",
                           "fe80::1%eth0",
                           "[fd00::5]",
                           "fd00::5::6",
                           "fd00:::5",
                           "12345::",
                           "hospital-a",
                           "1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:8:9",
                           "0x10.20.0.5",
                           "+",
                           "#"}) {
    INFO(text);
    CHECK_FALSE(Address::parse(text));
  }
  CHECK_FALSE(Address::parse(std::string_view{"10.20.0.5\0", 10}));
}

TEST_CASE("a topic form that is not canonical is refused") {
  for (const auto* text :
       {"", "10.20.0.5", "10-20-0", "10-20-0-05", "10-20-0-256", "FD00--5", "fd00-0-0-0-0-0-0-5", "fd00--0-5",
        "--ffff-a14-5", "fd00::5", "-", "---", "----", "+", "#", "hospital"}) {
    INFO(text);
    CHECK_FALSE(Address::from_topic_form(text));
  }
}
