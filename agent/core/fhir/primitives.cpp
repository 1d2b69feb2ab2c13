#include "agent/core/fhir/primitives.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <optional>

namespace edge::fhir {

namespace {

constexpr std::size_t kMaxString = 1 << 20;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Reads fixed-width numbers and single characters from the front.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}
  bool done() const { return rest_.empty(); }
  bool take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::optional<int> number(std::size_t digits, int low, int high) {
    if (rest_.size() < digits ||
        !std::all_of(rest_.begin(), rest_.begin() + static_cast<long>(digits), is_digit))
      return std::nullopt;
    int value = 0;
    std::from_chars(rest_.data(), rest_.data() + digits, value);
    rest_.remove_prefix(digits);
    if (value < low || value > high) return std::nullopt;
    return value;
  }
  bool skip_digits() {
    std::size_t count = 0;
    while (count < rest_.size() && is_digit(rest_[count])) ++count;
    rest_.remove_prefix(count);
    return count > 0;
  }

 private:
  std::string_view rest_;
};

struct Moment {
  int precision = 0;  // 1 year, 2 month, 3 day, 4 time
  int year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0;
  int offset_minutes = 0;
};

bool read_zone(Cursor& in, Moment& moment) {
  if (in.take('Z')) return true;
  int sign = in.take('+') ? 1 : in.take('-') ? -1 : 0;
  if (sign == 0) return false;
  auto hours = in.number(2, 0, 14);
  if (!hours || !in.take(':')) return false;
  auto minutes = in.number(2, 0, 59);
  if (!minutes) return false;
  moment.offset_minutes = sign * (*hours * 60 + *minutes);
  return true;
}

bool read_clock(Cursor& in, Moment& moment) {
  auto hour = in.number(2, 0, 23);
  if (!hour || !in.take(':')) return false;
  auto minute = in.number(2, 0, 59);
  if (!minute || !in.take(':')) return false;
  auto second = in.number(2, 0, 60);
  if (!second) return false;
  moment.hour = *hour, moment.minute = *minute, moment.second = *second;
  return !in.take('.') || in.skip_digits();
}

std::optional<Moment> read_moment(std::string_view text) {
  Cursor in(text);
  Moment moment;
  auto year = in.number(4, 1, 9999);
  if (!year) return std::nullopt;
  moment.year = *year, moment.precision = 1;
  if (in.done()) return moment;
  auto month = in.take('-') ? in.number(2, 1, 12) : std::nullopt;
  if (!month) return std::nullopt;
  moment.month = *month, moment.precision = 2;
  if (in.done()) return moment;
  auto day = in.take('-') ? in.number(2, 1, 31) : std::nullopt;
  if (!day) return std::nullopt;
  moment.day = *day, moment.precision = 3;
  auto date = std::chrono::year{moment.year} / moment.month / moment.day;
  if (!date.ok()) return std::nullopt;
  if (in.done()) return moment;
  moment.precision = 4;
  if (!in.take('T') || !read_clock(in, moment) || !read_zone(in, moment) || !in.done()) return std::nullopt;
  return moment;
}

bool is_time(std::string_view text) {
  Cursor in(text);
  Moment moment;
  return read_clock(in, moment) && in.done();
}

bool is_text(std::string_view text) {
  if (text.empty() || text.size() > kMaxString) return false;
  bool control = std::any_of(text.begin(), text.end(),
                             [](char c) { return static_cast<unsigned char>(c) < 0x20 && !is_space(c); });
  return !control && !std::all_of(text.begin(), text.end(), is_space);
}

bool is_code(std::string_view text) {
  if (text.empty() || is_space(text.front()) || is_space(text.back())) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_space(text[i]) && (text[i] != ' ' || text[i + 1] == ' ')) return false;
    if (static_cast<unsigned char>(text[i]) < 0x20) return false;
  }
  return true;
}

bool is_uri(std::string_view text) {
  return !text.empty() && std::none_of(text.begin(), text.end(), [](char c) {
    return is_space(c) || static_cast<unsigned char>(c) < 0x20;
  });
}

bool is_base64(std::string_view text) {
  std::size_t symbols = 0, padding = 0;
  for (char c : text) {
    if (is_space(c)) continue;
    bool alphabet = is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '/';
    if (c == '=')
      ++padding;
    else if (!alphabet || padding > 0)
      return false;
    ++symbols;
  }
  return symbols > 0 && symbols % 4 == 0 && padding <= 2;
}

bool is_oid(std::string_view text) {
  if (!text.starts_with("urn:oid:")) return false;
  text.remove_prefix(8);
  if (text.size() < 3 || text[0] < '0' || text[0] > '2' || text[1] != '.') return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || c == '.'; });
}

bool is_integer(std::string_view token, long long low) {
  long long value = 0;
  auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
  return error == std::errc() && end == token.data() + token.size() && value >= low && value <= 2147483647LL;
}

bool is_date_type(std::string_view type, std::string_view text) {
  auto moment = read_moment(text);
  if (!moment) return false;
  if (type == "date") return moment->precision < 4;
  return type == "dateTime" || moment->precision == 4;
}

}  // namespace

bool is_primitive(std::string_view type, const Node& value) {
  if (type == "boolean") return value.kind == Node::Kind::kBool;
  if (type == "decimal") return value.kind == Node::Kind::kNumber && value.text.size() <= 64;
  if (type == "integer" || type == "unsignedInt" || type == "positiveInt") {
    long long low = type == "integer" ? -2147483648LL : type == "positiveInt" ? 1 : 0;
    return value.kind == Node::Kind::kNumber && is_integer(value.text, low);
  }
  if (!value.is_string()) return false;
  const std::string& text = value.text;
  if (type == "date" || type == "dateTime" || type == "instant") return is_date_type(type, text);
  if (type == "time") return is_time(text);
  if (type == "code") return is_code(text);
  if (type == "id") return is_fhir_id(text);
  if (type == "uri" || type == "url" || type == "canonical") return is_uri(text);
  if (type == "oid") return is_oid(text);
  if (type == "uuid") return text.starts_with("urn:uuid:") && is_uuid(std::string_view(text).substr(9));
  if (type == "base64Binary") return is_base64(text);
  return is_text(text);
}

std::string sortable_time(std::string_view date_time) {
  auto moment = read_moment(date_time);
  if (!moment) return {};
  if (moment->precision < 4) return std::string(date_time);
  using namespace std::chrono;
  auto day = sys_days{year{moment->year} / moment->month / moment->day};
  auto utc =
      day + minutes{moment->hour * 60 + moment->minute - moment->offset_minutes} + seconds{moment->second};
  auto utc_day = floor<days>(utc);
  year_month_day date{utc_day};
  hh_mm_ss clock{utc - utc_day};
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text.data();
}

std::string with_plain_spaces(std::string_view text) {
  static constexpr std::string_view kSpaces[] = {
      "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007",
      "\u2008", "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "\ufeff"};
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && static_cast<unsigned char>(text[plain]) < 0xC2) ++plain;
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    auto space = std::find_if(std::begin(kSpaces), std::end(kSpaces),
                              [&](std::string_view s) { return text.starts_with(s); });
    bool found = space != std::end(kSpaces);
    out += found ? ' ' : text[0];
    text.remove_prefix(found ? space->size() : 1);
  }
  return out;
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !(is_digit(text[i]) || (text[i] >= 'a' && text[i] <= 'f'))) return false;
  }
  return true;
}

bool is_fhir_id(std::string_view text) {
  static constexpr auto kAllowed = [] {
    std::array<bool, 256> allowed{};
    for (const char c : std::string_view("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-."))
      allowed[static_cast<unsigned char>(c)] = true;
    return allowed;
  }();
  return !text.empty() && text.size() <= 64 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return kAllowed[c]; });
}

}  // namespace edge::fhir
