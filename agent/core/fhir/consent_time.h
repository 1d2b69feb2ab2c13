// FHIR dates and times as the span they name: "2026" is a year, "2026-11-22T08:00:00Z" a second. Dates
// without a zone are UTC. Pure and thread-safe.
#pragma once

#include <optional>
#include <string_view>

#include "ledger-client/core/time_text.h"

namespace edge::fhir {

struct TimeSpan {
  ledger::TimePoint begin, end;  // end is the first moment after it
};
// Nothing for what is no FHIR dateTime.
std::optional<TimeSpan> span_of(std::string_view date_time);

}  // namespace edge::fhir
