#include "ledger-client/core/time_text.h"

#include <catch2/catch.hpp>

using ledger::TimePoint;
using std::chrono::milliseconds;

TEST_CASE("times have one text") {
  const auto row =
      GENERATE(table<std::int64_t, std::string>({{0, "1970-01-01T00:00:00.000Z"},
                                                 {1, "1970-01-01T00:00:00.001Z"},
                                                 {-1, "1969-12-31T23:59:59.999Z"},
                                                 {951782400000, "2000-02-29T00:00:00.000Z"},
                                                 {1795334400123, "2026-11-22T08:00:00.123Z"},
                                                 {253402300799999, "9999-12-31T23:59:59.999Z"}}));
  const TimePoint time{milliseconds{std::get<0>(row)}};
  CHECK(ledger::format_time(time) == std::get<1>(row));
  CHECK(ledger::parse_time(std::get<1>(row)) == time);
}

TEST_CASE("a time beyond four digits of years has no text") {
  CHECK_THROWS_AS(ledger::format_time(TimePoint{milliseconds{253402300800000}}), std::invalid_argument);
  CHECK_THROWS_AS(ledger::format_time(TimePoint{milliseconds{-62167219200001}}), std::invalid_argument);
}

TEST_CASE("nothing but the exact form is a time") {
  for (const auto* text : {"",
                           "2026-11-22T08:00:00Z",
                           "2026-11-22T08:00:00.12Z",
                           "2026-11-22T08:00:00.1234Z",
                           "2026-11-22T08:00:00.123z",
                           "2026-11-22t08:00:00.123Z",
                           "2026-11-22 08:00:00.123Z",
                           "2026-11-22T08:00:00.123+00:00",
                           "2026-11-22T24:00:00.000Z",
                           "2026-11-22T08:60:00.000Z",
                           "2026-12-31T23:59:60.000Z",
                           "2026-02-29T00:00:00.000Z",
                           "2026-00-10T00:00:00.000Z",
                           "2026-13-10T00:00:00.000Z",
                           "2026-01-00T00:00:00.000Z",
                           "2026-01-32T00:00:00.000Z",
                           "+026-01-01T00:00:00.000Z",
                           "2026-11-22T08:00:00.123Z ",
                           "2026-11-22T08:00:0/.123Z",
                           "10000-01-01T00:00:00.000Z"}) {
    INFO(text);
    CHECK_FALSE(ledger::parse_time(text));
  }
}
