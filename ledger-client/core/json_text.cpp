#include "ledger-client/core/json_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>

#include "ledger-client/core/canonical_json.h"

namespace ledger {

namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

// The shortest digits that read back as the value, and where the decimal point stands: 0.digits * 10^point.
struct Decimal {
  std::array<char, 24> buffer{};
  std::size_t count = 0;
  int point = 0;
  std::string_view digits() const { return {buffer.data(), count}; }
};

Decimal shortest(double positive) {
  std::array<char, 32> text;
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), positive, std::chars_format::scientific).ptr;
  const char* const exponent_mark = std::find(text.data(), end, 'e');
  Decimal decimal;
  for (const char* c = text.data(); c != exponent_mark; ++c) {
    if (*c != '.') decimal.buffer[decimal.count++] = *c;
  }
  int exponent = 0;
  std::from_chars(exponent_mark + (exponent_mark[1] == '+' ? 2 : 1), end, exponent);
  decimal.point = exponent + 1;
  return decimal;
}

// ECMAScript, Number::toString, steps 6 to 10; its n is `point`, its k the number of digits.
void append_layout(std::string& out, const Decimal& decimal) {
  const std::string_view digits = decimal.digits();
  const int count = static_cast<int>(digits.size()), point = decimal.point;
  if (point > 21 || point <= -6) {
    out += digits[0];
    if (count > 1) (out += '.') += digits.substr(1);
    out += point > 0 ? "e+" : "e-";
    out += std::to_string(std::abs(point - 1));
  } else if (point <= 0) {
    out.append("0.").append(static_cast<std::size_t>(-point), '0').append(digits);
  } else if (point >= count) {
    out.append(digits).append(static_cast<std::size_t>(point - count), '0');
  } else {
    out.append(digits.substr(0, static_cast<std::size_t>(point))).append(".");
    out.append(digits.substr(static_cast<std::size_t>(point)));
  }
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Takes the digits at the front; false if there are none.
bool skip_digits(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
  const auto count = static_cast<std::size_t>(end - text.begin());
  text.remove_prefix(count);
  return count > 0;
}

bool skip_integer(std::string_view& text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  if (!text.starts_with('0')) return skip_digits(text);
  text.remove_prefix(1);
  return true;
}

bool is_number_token(std::string_view token) {
  if (!skip_integer(token)) return false;
  if (token.starts_with('.')) {
    token.remove_prefix(1);
    if (!skip_digits(token)) return false;
  }
  if (token.starts_with('e') || token.starts_with('E')) {
    token.remove_prefix(1);
    if (token.starts_with('+') || token.starts_with('-')) token.remove_prefix(1);
    if (!skip_digits(token)) return false;
  }
  return token.empty();
}

// Of a well-formed number beyond the range of doubles: whether it is too large, and not too small. Decided by
// its first digit's place.
bool is_large(std::string_view token) {
  const std::size_t mark = token.find_first_of("eE");
  const std::string_view mantissa = token.substr(0, mark);
  const std::size_t first = mantissa.find_first_of("123456789");
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  if (first == mantissa.npos) return false;
  const auto place = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first);
  if (mark == token.npos) return place > 0;
  const bool negative = token[mark + 1] == '-';
  const std::size_t digits = token.find_first_of("0123456789", mark);
  std::int64_t exponent = 0;
  const auto error = std::from_chars(token.data() + digits, token.data() + token.size(), exponent).ec;
  if (error != std::errc{}) return !negative;  // no mantissa is long enough to outweigh it
  return place + (negative ? -exponent : exponent) > 0;
}

constexpr std::array<char, 256> make_escapes() {
  std::array<char, 256> escapes{};
  for (unsigned i = 0; i < 0x20; ++i) escapes[i] = 'u';
  escapes['\b'] = 'b';
  escapes['\t'] = 't';
  escapes['\n'] = 'n';
  escapes['\f'] = 'f';
  escapes['\r'] = 'r';
  escapes['"'] = '"';
  escapes['\\'] = '\\';
  return escapes;
}
// What follows the backslash of a character that needs one; 0 for all that stand for themselves.
constexpr std::array<char, 256> kEscapes = make_escapes();

}  // namespace

bool json_key_less(std::string_view a, std::string_view b) {
  const auto [in_a, in_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (in_b == b.end()) return false;
  if (in_a == a.end()) return true;
  const auto first = static_cast<unsigned char>(*in_a), second = static_cast<unsigned char>(*in_b);
  // Beyond U+FFFF (lead byte F0 and up) UTF-16 uses surrogates, which stand before U+E000 to U+FFFF (EE and
  // EF).
  if (first >= 0xee && second >= 0xee && (first >= 0xf0) != (second >= 0xf0)) return first >= 0xf0;
  return first < second;
}

bool is_json_integer(std::string_view token) {
  return skip_integer(token) && token.empty();
}

bool has_canonical_text(double value) {
  const double size = std::abs(value);
  return std::isfinite(value) && (size <= static_cast<double>(kMaxJsonInteger) || size >= 1e21);
}

std::optional<double> json_number(std::string_view token) {
  if (!is_number_token(token)) return std::nullopt;
  if (is_json_integer(token)) {
    std::int64_t integer = 0;
    const auto error = std::from_chars(token.data(), token.data() + token.size(), integer).ec;
    constexpr auto kMax = static_cast<std::int64_t>(kMaxJsonInteger);
    if (error != std::errc{} || integer > kMax || integer < -kMax) return std::nullopt;
    return static_cast<double>(integer);
  }
  double value = 0;
  const auto error = std::from_chars(token.data(), token.data() + token.size(), value).ec;
  if (error == std::errc::result_out_of_range) {
    if (is_large(token)) return std::nullopt;
    value = 0;  // too small for a double is zero, as everywhere in JSON
  }
  if (!has_canonical_text(value)) return std::nullopt;
  return value;
}

void append_json_number(std::string& out, double value) {
  if (!std::isfinite(value)) throw std::invalid_argument("JSON has no number for NaN and infinity");
  if (value == 0) {
    out += '0';  // also for -0
    return;
  }
  if (value < 0) out += '-';
  append_layout(out, shortest(std::abs(value)));
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain = 0;  // begin of the run not yet copied
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const char escape = kEscapes[c];
    if (escape == 0) continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    out += '\\';
    out += escape;
    if (escape == 'u') {
      out += "00";
      out += kHexDigits[c >> 4U];
      out += kHexDigits[c & 0x0fU];
    }
  }
  out.append(text, plain);
  out += '"';
}

}  // namespace ledger
