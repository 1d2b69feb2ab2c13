// Times as text: RFC 3339 in UTC with milliseconds, `2026-11-22T08:00:00.123Z`, the only form in signed
// payloads and entries. Pure: the clock is the caller's.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace ledger {

using TimePoint = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

std::string format_time(TimePoint time);
// Exactly the form above; nothing for anything else (also no leap second, no year beyond 9999).
std::optional<TimePoint> parse_time(std::string_view text);

}  // namespace ledger
