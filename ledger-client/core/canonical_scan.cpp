#include "ledger-client/core/canonical_scan.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <array>
#include <bit>
#include <charconv>
#include <cstring>

#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/json_text.h"

namespace ledger {

namespace {

constexpr std::array<bool, 256> make_plain() {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < plain.size(); ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}
// Characters that stand for themselves in a string.
constexpr std::array<bool, 256> kPlain = make_plain();

bool is_plain(char c) {
  return kPlain[static_cast<unsigned char>(c)];
}

// Marks, in its highest bit, each byte of the word that is below 0x20, a quote or a backslash. The lowest
// mark is exact; a borrow may set one above it.
std::uint64_t marks_of_special(std::uint64_t word) {
  constexpr std::uint64_t kOnes = 0x0101010101010101, kHighs = 0x8080808080808080;
  const std::uint64_t quote = word ^ kOnes * '"', backslash = word ^ kOnes * '\\';
  const std::uint64_t found =
      ((word - kOnes * 0x20) & ~word) | ((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash);
  return found & kHighs;
}

#if defined(__SSE2__)
// The same for 16 bytes at once, a bit for each.
unsigned marks_of_special(const char* bytes) {
  const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1f)), block);
  const __m128i quote = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
  const __m128i backslash = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, backslash))));
}
#endif

// The next position from `at` on whose character doesn't stand for itself, or the end.
std::size_t skip_plain(std::string_view text, std::size_t at) {
#if defined(__SSE2__)
  constexpr std::size_t kBlock = sizeof(__m128i);
  for (; at + kBlock <= text.size(); at += kBlock) {
    const unsigned marks = marks_of_special(text.data() + at);
    if (marks != 0) return at + static_cast<std::size_t>(std::countr_zero(marks));
  }
#endif
  for (std::uint64_t word = 0; at + sizeof word <= text.size(); at += sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    const auto marks = marks_of_special(word);
    if (marks == 0) continue;
    if constexpr (std::endian::native == std::endian::little) {
      return at + static_cast<std::size_t>(std::countr_zero(marks)) / 8;
    }
    break;
  }
  while (at < text.size() && is_plain(text[at])) ++at;
  return at;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// The characters behind a string's canonical text. It was scanned, so every escape is one of the eight forms.
std::string unescaped(std::string_view content) {
  std::string text;
  for (std::size_t i = 0; i < content.size(); ++i) {
    if (content[i] != '\\') {
      text += content[i];
      continue;
    }
    switch (const char kind = content[++i]) {
      case 'b':
        text += '\b';
        break;
      case 't':
        text += '\t';
        break;
      case 'n':
        text += '\n';
        break;
      case 'f':
        text += '\f';
        break;
      case 'r':
        text += '\r';
        break;
      case 'u':
        text += static_cast<char>(hex_value(content[i + 3]) << 4 | hex_value(content[i + 4]));
        i += 4;
        break;
      default:
        text += kind;
    }
  }
  return text;
}

bool in_order(std::string_view name, std::string_view next, bool escaped) {
  return escaped ? json_key_less(unescaped(name), unescaped(next)) : json_key_less(name, next);
}

}  // namespace

bool CanonicalScan::take(char c) {
  if (!next_is(c)) return false;
  ++at_;
  return true;
}

bool CanonicalScan::literal(std::string_view expected) {
  if (!text_.substr(at_).starts_with(expected)) return false;
  at_ += expected.size();
  return true;
}

std::optional<std::string_view> CanonicalScan::plain_string() {
  if (!take('"')) return std::nullopt;
  const std::size_t begin = at_;
  at_ = skip_plain(text_, at_);
  const std::string_view content = text_.substr(begin, at_ - begin);
  if (!take('"')) return std::nullopt;
  return content;
}

std::optional<std::string_view> CanonicalScan::sized_string(std::size_t size) {
  const std::string_view rest = text_.substr(at_);
  if (rest.size() < size + 2 || rest.front() != '"' || rest[size + 1] != '"') return std::nullopt;
  at_ += size + 2;
  return rest.substr(1, size);
}

std::optional<std::string> CanonicalScan::text() {
  const std::size_t begin = at_ + 1;
  if (!string()) return std::nullopt;
  return unescaped(text_.substr(begin, at_ - begin - 1));
}

std::optional<std::uint64_t> CanonicalScan::integer() {
  const std::string_view rest = text_.substr(at_);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  const auto length = static_cast<std::size_t>(end - rest.data());
  if (error != std::errc{} || value > kMaxJsonInteger || (length > 1 && rest.front() == '0'))
    return std::nullopt;
  at_ += length;
  return value;
}

bool CanonicalScan::escape() {
  if (at_ == text_.size()) return false;
  const char kind = text_[at_++];
  if (std::string_view{"\"\\bfnrt"}.find(kind) != std::string_view::npos) return true;
  // \u00xx in lower case, only where no shorter escape exists.
  if (kind != 'u' || !literal("00") || text_.size() - at_ < 2) return false;
  const int high = hex_value(text_[at_]), low = hex_value(text_[at_ + 1]);
  at_ += 2;
  if (high < 0 || high > 1 || low < 0) return false;
  const char c = static_cast<char>(high << 4 | low);
  return std::string_view{"\b\t\n\f\r"}.find(c) == std::string_view::npos;
}

bool CanonicalScan::string() {
  if (!take('"')) return false;
  escaped_ = false;
  for (;;) {
    at_ = skip_plain(text_, at_);
    if (at_ == text_.size()) return false;
    const char c = text_[at_++];
    if (c == '"') return true;
    if (c != '\\' || !escape()) return false;
    escaped_ = true;
  }
}

bool CanonicalScan::number() {
  const std::size_t end = text_.find_first_not_of("+-.0123456789Ee", at_);
  const std::string_view token = text_.substr(at_, end == text_.npos ? end : end - at_);
  constexpr std::size_t kSurelyExactDigits = 15;
  if (token.size() <= kSurelyExactDigits && token != "-0" && is_json_integer(token)) return literal(token);
  const auto value = json_number(token);
  if (!value) return false;
  std::string canonical;
  append_json_number(canonical, *value);
  return literal(canonical) && canonical.size() == token.size();
}

bool CanonicalScan::members(std::size_t depth) {
  if (take('}')) return true;
  std::string_view last;
  bool last_escaped = false;
  for (bool first = true;; first = false) {
    const std::size_t begin = at_ + 1;
    if (!string()) return false;
    const std::string_view name = text_.substr(begin, at_ - begin - 1);
    if (!first && !in_order(last, name, last_escaped || escaped_)) return false;
    last = name;
    last_escaped = escaped_;
    if (!take(':') || !value(depth)) return false;
    if (take('}')) return true;
    if (!take(',')) return false;
  }
}

bool CanonicalScan::elements(std::size_t depth) {
  if (take(']')) return true;
  for (;;) {
    if (!value(depth)) return false;
    if (take(']')) return true;
    if (!take(',')) return false;
  }
}

bool CanonicalScan::value(std::size_t depth) {
  if (at_ == text_.size()) return false;
  switch (text_[at_]) {
    case '{':
      ++at_;
      return depth > 0 && members(depth - 1);
    case '[':
      ++at_;
      return depth > 0 && elements(depth - 1);
    case '"':
      return string();
    case 't':
      return literal("true");
    case 'f':
      return literal("false");
    case 'n':
      return literal("null");
    default:
      return number();
  }
}

std::optional<std::string_view> CanonicalScan::skip(std::size_t size) {
  if (text_.size() - at_ < size) return std::nullopt;
  at_ += size;
  return text_.substr(at_ - size, size);
}

std::optional<std::string_view> CanonicalScan::object(std::size_t depth) {
  const std::size_t begin = at_;
  if (!next_is('{') || !value(depth)) return std::nullopt;
  return text_.substr(begin, at_ - begin);
}

}  // namespace ledger
