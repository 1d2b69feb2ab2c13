#include "agent/core/fhir/canonical_parts.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "ledger-client/core/canonical_json.h"

namespace edge::fhir {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::size_t skip_digits(std::string_view text, std::size_t at) {
  while (at < text.size() && is_digit(text[at])) ++at;
  return at;
}

bool is_plain_integer(std::string_view token) {
  std::size_t start = token.starts_with('-') ? 1 : 0;
  return start < token.size() && skip_digits(token, start) == token.size();
}

double to_double(std::string_view token) {
  double value = HUGE_VAL;
  std::from_chars(token.data(), token.data() + token.size(), value);
  return value;
}

}  // namespace

std::string_view trimmed_token(std::string_view token) {
  std::size_t end = token.find_last_not_of(" \t\r\n");
  return token.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

bool is_json_number(std::string_view token) {
  std::size_t at = token.starts_with('-') ? 1 : 0;
  if (at >= token.size() || !is_digit(token[at])) return false;
  at = token[at] == '0' ? at + 1 : skip_digits(token, at);
  if (at < token.size() && token[at] == '.') {
    std::size_t fraction = skip_digits(token, at + 1);
    if (fraction == at + 1) return false;
    at = fraction;
  }
  if (at < token.size() && (token[at] == 'e' || token[at] == 'E')) {
    ++at;
    if (at < token.size() && (token[at] == '+' || token[at] == '-')) ++at;
    std::size_t exponent = skip_digits(token, at);
    if (exponent == at) return false;
    at = exponent;
  }
  return at == token.size();
}

bool fits_double(std::string_view token) {
  if (!is_plain_integer(token)) return true;
  return token.size() <= 15 || std::fabs(to_double(token)) <= 9007199254740992.0;
}

void append_canonical_number(std::string& out, std::string_view token) {
  if (token.size() <= 15 && is_plain_integer(token) && token != "-0") {
    out += token;
    return;
  }
  ledger::append_json_number(out, to_double(token));
}

bool utf16_less(std::string_view a, std::string_view b) {
  auto [left, right] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (left == a.end() || right == b.end()) return left == a.end() && right != b.end();
  auto l = static_cast<unsigned char>(*left);
  auto r = static_cast<unsigned char>(*right);
  // UTF-8 sorts by code point; UTF-16 puts what needs surrogates (lead byte F0 and above) before U+E000 (lead
  // byte EE).
  bool l_wide = l >= 0xF0, r_wide = r >= 0xF0;
  if (l_wide != r_wide && l >= 0xEE && r >= 0xEE) return l_wide;
  return l < r;
}

}  // namespace edge::fhir
