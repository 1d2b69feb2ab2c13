// Whether a text needs more than copying to stand in JSON, eight characters at a time: most of a bundle is
// strings that need nothing. Pure and thread-safe.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace edge::fhir {

namespace string_scan_detail {

constexpr std::uint64_t kEach = 0x0101010101010101, kHigh = 0x8080808080808080;

constexpr std::uint64_t below_space(std::uint64_t word) {
  return (word - kEach * ' ') & ~word & kHigh;
}
constexpr std::uint64_t equal_to(std::uint64_t word, unsigned char c) {
  const std::uint64_t different = word ^ kEach * c;
  return (different - kEach) & ~different & kHigh;
}

template <class Word>
std::uint64_t load(const char* from) {
  Word word = 0;
  std::memcpy(&word, from, sizeof word);
  return word;
}

}  // namespace string_scan_detail

// Not zero where the text holds a character that JSON escapes, or the lead byte of an encoded surrogate
// (which other, valid characters share).
struct StringScan {
  std::uint64_t escaped = 0, surrogate_lead = 0;
  void word(std::uint64_t word) {
    escaped |= string_scan_detail::below_space(word) | string_scan_detail::equal_to(word, '"') |
               string_scan_detail::equal_to(word, '\\');
    surrogate_lead |= string_scan_detail::equal_to(word, 0xED);
  }
};

// Of a text that is not empty. The last word overlaps the one before it; short texts are seen twice.
inline StringScan scan_string(std::string_view text) {
  StringScan seen;
  const char* const last = text.data() + text.size();
  if (text.size() >= 8) {
    for (const char* at = text.data(); at + 8 < last; at += 8)
      seen.word(string_scan_detail::load<std::uint64_t>(at));
    seen.word(string_scan_detail::load<std::uint64_t>(last - 8));
  } else if (text.size() >= 4) {
    seen.word(string_scan_detail::load<std::uint32_t>(text.data()) << 32U |
              string_scan_detail::load<std::uint32_t>(last - 4));
  } else {
    for (const char c : text) seen.word(string_scan_detail::kEach * static_cast<unsigned char>(c));
  }
  return seen;
}

}  // namespace edge::fhir
