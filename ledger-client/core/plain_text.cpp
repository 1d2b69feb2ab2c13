#include "ledger-client/core/plain_text.h"

#include <algorithm>
#include <array>

namespace ledger {
namespace {

struct Character {
  char32_t code;
  std::size_t bytes;
};

// What is no UTF-8 is taken byte by byte, as a character that can be seen. Only characters of up to three
// bytes matter here, a longer one is the sum of such bytes.
Character first_of(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xc0U) == 0x80U; };
  if (byte(0) < 0x80) return {byte(0), 1};
  if ((byte(0) & 0xe0U) == 0xc0U && continues(1)) return {(byte(0) & 0x1fU) << 6U | (byte(1) & 0x3fU), 2};
  if ((byte(0) & 0xf0U) == 0xe0U && continues(1) && continues(2))
    return {(byte(0) & 0x0fU) << 12U | (byte(1) & 0x3fU) << 6U | (byte(2) & 0x3fU), 3};
  return {0xfffd, 1};
}

bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

bool is_directional(char32_t code) {
  return code == 0x061c || code == 0x200e || code == 0x200f || (code >= 0x202a && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069);
}

// Blanks and what has no width, by Unicode's White_Space and Default_Ignorable_Code_Point below U+10000.
bool is_invisible(char32_t code) {
  struct Range {
    char32_t first, last;
  };
  static constexpr std::array<Range, 13> kRanges{{{0x20, 0x20},
                                                  {0xa0, 0xa0},
                                                  {0xad, 0xad},
                                                  {0x34f, 0x34f},
                                                  {0x115f, 0x1160},
                                                  {0x1680, 0x1680},
                                                  {0x17b4, 0x17b5},
                                                  {0x180b, 0x180f},
                                                  {0x2000, 0x200f},
                                                  {0x2028, 0x202f},
                                                  {0x205f, 0x206f},
                                                  {0x3000, 0x3000},
                                                  {0xfe00, 0xfe0f}}};
  return code == 0x61c || code == 0x3164 || code == 0xfeff || code == 0xffa0 ||
         std::any_of(kRanges.begin(), kRanges.end(),
                     [&](const Range& range) { return code >= range.first && code <= range.last; });
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto [code, bytes] = first_of(text);
    is_control(code) || is_directional(code) ? out += '?' : out += text.substr(0, bytes);
    text.remove_prefix(bytes);
  }
  return out;
}

bool says_something(std::string_view text) {
  while (!text.empty()) {
    const auto [code, bytes] = first_of(text);
    if (!is_control(code) && !is_invisible(code)) return true;
    text.remove_prefix(bytes);
  }
  return false;
}

}  // namespace ledger
