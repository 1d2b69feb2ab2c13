#include "agent/config/units.h"

#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace edge {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
// Largest last: the texts are made with the largest unit that divides.
constexpr std::array<Unit, 5> kDurations{
    {{"ms", 1}, {"s", 1'000}, {"min", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::array<Unit, 5> kSizes{
    {{"B", 1}, {"KiB", 1ull << 10}, {"MiB", 1ull << 20}, {"GiB", 1ull << 30}, {"TiB", 1ull << 40}}};

std::optional<std::uint64_t> parse(std::string_view text, const std::array<Unit, 5>& units, bool unit_needed,
                                   std::uint64_t max) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  if (rest.empty() && !unit_needed) return number <= max ? std::optional(number) : std::nullopt;
  for (const auto& [name, factor] : units)
    if (rest == name) return number <= max / factor ? std::optional(number * factor) : std::nullopt;
  return std::nullopt;
}

std::string text_of(std::uint64_t number, const std::array<Unit, 5>& units) {
  const Unit* best = &units.front();
  for (const auto& unit : units)
    if (number != 0 && number % unit.factor == 0) best = &unit;
  return std::to_string(number / best->factor) + std::string(best->name);
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto number = parse(text, kDurations, true, std::numeric_limits<std::int64_t>::max());
  if (!number) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(*number));
}

std::string duration_text(std::chrono::milliseconds duration) {
  return text_of(static_cast<std::uint64_t>(duration.count()), kDurations);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  return parse(text, kSizes, false, std::numeric_limits<std::uint64_t>::max());
}

std::string size_text(std::uint64_t bytes) {
  return text_of(bytes, kSizes);
}

}  // namespace edge
