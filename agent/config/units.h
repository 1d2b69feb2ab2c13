// Durations and sizes as people write them: "250ms", "10s", "15min", "24h", "7d"; 4194304, "4MiB". Pure and
// thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace edge {

// A whole number and one unit of ms, s, min, h, d. Nothing for anything else, also for what overflows.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
// With the largest unit that loses nothing.
std::string duration_text(std::chrono::milliseconds duration);

// A whole number and an optional unit of B, KiB, MiB, GiB, TiB.
std::optional<std::uint64_t> parse_size(std::string_view text);
std::string size_text(std::uint64_t bytes);

}  // namespace edge
