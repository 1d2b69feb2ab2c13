#include "ledger-client/core/time_text.h"

#include <array>
#include <cstdint>
#include <stdexcept>

namespace ledger {

namespace {

constexpr std::string_view kPattern = "0000-00-00T00:00:00.000Z";

constexpr auto make_allowed_above() {
  std::array<std::uint8_t, kPattern.size()> allowed{};
  for (std::size_t i = 0; i < allowed.size(); ++i) allowed[i] = kPattern[i] == '0' ? 9 : 0;
  return allowed;
}
constexpr std::array<std::uint8_t, kPattern.size()> kAllowedAbove = make_allowed_above();

void put(std::string& text, std::size_t at, std::size_t width, unsigned value) {
  for (std::size_t i = at + width; i-- > at; value /= 10) text[i] = static_cast<char>('0' + value % 10);
}

unsigned number(std::string_view text, std::size_t at, std::size_t width) {
  unsigned value = 0;
  for (std::size_t i = at; i < at + width; ++i) value = value * 10 + static_cast<unsigned>(text[i] - '0');
  return value;
}

// A digit where the pattern has one, else its character. Without a branch per character: every entry has a
// time.
bool has_form(std::string_view text) {
  if (text.size() != kPattern.size()) return false;
  std::uint8_t wrong = 0;
  for (std::size_t i = 0; i < kPattern.size(); ++i) {
    const auto above = static_cast<std::uint8_t>(text[i] - kPattern[i]);
    wrong |= static_cast<std::uint8_t>(above > kAllowedAbove[i]);
  }
  return wrong == 0;
}

}  // namespace

std::string format_time(TimePoint time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const int year = static_cast<int>(date.year());
  if (year < 0 || year > 9999) throw std::invalid_argument("time beyond the years 0000 to 9999");
  const hh_mm_ss clock{time - day};
  std::string text{kPattern};
  put(text, 0, 4, static_cast<unsigned>(year));
  put(text, 5, 2, static_cast<unsigned>(date.month()));
  put(text, 8, 2, static_cast<unsigned>(date.day()));
  put(text, 11, 2, static_cast<unsigned>(clock.hours().count()));
  put(text, 14, 2, static_cast<unsigned>(clock.minutes().count()));
  put(text, 17, 2, static_cast<unsigned>(clock.seconds().count()));
  put(text, 20, 3, static_cast<unsigned>(clock.subseconds().count()));
  return text;
}

std::optional<TimePoint> parse_time(std::string_view text) {
  using namespace std::chrono;
  if (!has_form(text)) return std::nullopt;
  const year_month_day date{year{static_cast<int>(number(text, 0, 4))}, month{number(text, 5, 2)},
                            day{number(text, 8, 2)}};
  const unsigned hour = number(text, 11, 2), minute = number(text, 14, 2), second = number(text, 17, 2);
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return sys_days{date} + hours{hour} + minutes{minute} + seconds{second} + milliseconds{number(text, 20, 3)};
}

}  // namespace ledger
