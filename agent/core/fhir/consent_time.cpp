#include "agent/core/fhir/consent_time.h"

#include "agent/core/fhir/primitives.h"

namespace edge::fhir {

namespace {

using ledger::TimePoint;
using namespace std::chrono;

int digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) value = value * 10 + (text[i] - '0');
  return value;
}

TimePoint at_midnight(const year_month_day& day) {
  return TimePoint(duration_cast<milliseconds>(sys_days(day).time_since_epoch()));
}

// `fraction` is ".123…" or empty; what is finer than a millisecond is cut off.
milliseconds fraction_of(std::string_view fraction) {
  int value = 0;
  for (std::size_t i = 1; i <= 3; ++i) value = value * 10 + (i < fraction.size() ? fraction[i] - '0' : 0);
  return milliseconds(value);
}

minutes zone_of(std::string_view zone) {
  if (zone == "Z") return minutes(0);
  const minutes offset = hours(digits(zone, 1, 2)) + minutes(digits(zone, 4, 2));
  return zone.front() == '-' ? -offset : offset;
}

}  // namespace

std::optional<TimeSpan> span_of(std::string_view text) {
  if (!is_primitive("dateTime", Node::string(text))) return std::nullopt;
  const year y(digits(text, 0, 4));
  if (text.size() == 4) return TimeSpan{at_midnight(y / 1 / 1), at_midnight((y + years(1)) / 1 / 1)};
  const year_month month = y / digits(text, 5, 2);
  if (text.size() == 7) return TimeSpan{at_midnight(month / 1), at_midnight((month + months(1)) / 1)};
  const year_month_day day = month / digits(text, 8, 2);
  if (!day.ok()) return std::nullopt;
  const TimePoint midnight = at_midnight(day);
  if (text.size() == 10) return TimeSpan{midnight, midnight + hours(24)};
  const std::size_t zone = text.find_first_of("Z+-", 19);
  const std::string_view fraction = text.substr(19, zone - 19);
  const TimePoint begin = midnight + hours(digits(text, 11, 2)) + minutes(digits(text, 14, 2)) +
                          seconds(digits(text, 17, 2)) + fraction_of(fraction) - zone_of(text.substr(zone));
  return TimeSpan{begin, begin + (fraction.empty() ? milliseconds(1'000) : milliseconds(1))};
}

}  // namespace edge::fhir
