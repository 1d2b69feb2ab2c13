#include "agent/core/fhir/consent_time.h"

#include <catch2/catch.hpp>

using edge::fhir::span_of;

TEST_CASE("a FHIR date names a span") {
  const auto span = [](const char* text) {
    const auto out = span_of(text);
    return out ? ledger::format_time(out->begin) + " " + ledger::format_time(out->end) : "none";
  };
  CHECK(span("2024-02") == "2024-02-01T00:00:00.000Z 2024-03-01T00:00:00.000Z");
  CHECK(span("2024-02-29") == "2024-02-29T00:00:00.000Z 2024-03-01T00:00:00.000Z");
  CHECK(span("2024-12") == "2024-12-01T00:00:00.000Z 2025-01-01T00:00:00.000Z");
  CHECK(span("2024-02-29T23:30:00+01:00") == "2024-02-29T22:30:00.000Z 2024-02-29T22:30:01.000Z");
  CHECK(span("2024-02-29T23:30:00.5-00:30") == "2024-03-01T00:00:00.500Z 2024-03-01T00:00:00.501Z");
  CHECK(span("2024-02-29T23:30:00.123456Z") == "2024-02-29T23:30:00.123Z 2024-02-29T23:30:00.124Z");
  for (const char* text : {"", "24", "2023-02-29", "2024-02-29T23:30", "2024-02-29T23:30:00", "2024-13"})
    CHECK(span(text) == "none");
}
