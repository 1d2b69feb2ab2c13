#include "ledger-client/core/base64.h"

namespace ledger {

namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kInvalid = 0xff;

struct CharPair {
  char first, second;
};

// Both directions of one alphabet. Encoding looks up 12 bits at a time: two characters a step.
struct Alphabet {
  std::array<CharPair, 4096> pairs{};
  std::array<std::uint8_t, 256> values{};

  constexpr explicit Alphabet(std::string_view characters) {
    for (std::size_t i = 0; i < pairs.size(); ++i) pairs[i] = {characters[i >> 6U], characters[i & 63U]};
    values.fill(kInvalid);
    for (std::size_t i = 0; i < characters.size(); ++i) {
      values[static_cast<std::uint8_t>(characters[i])] = static_cast<std::uint8_t>(i);
    }
  }
};
constexpr Alphabet kStandardAlphabet{kStandard};
constexpr Alphabet kUrlAlphabet{kUrl};

void put_pair(char*& to, CharPair pair) {
  *to++ = pair.first;
  *to++ = pair.second;
}

void append(std::string& out, ByteView bytes, const Alphabet& alphabet, bool padded) {
  const std::size_t whole = bytes.size() / 3;
  const std::size_t rest = bytes.size() % 3;
  const std::size_t rest_chars = rest == 0 ? 0 : padded ? 4 : rest + 1;
  const std::size_t start = out.size();
  out.resize(start + whole * 4 + rest_chars);
  char* to = out.data() + start;
  const std::uint8_t* from = bytes.data();
  for (std::size_t i = 0; i < whole; ++i, from += 3) {
    const unsigned group =
        static_cast<unsigned>(from[0]) << 16U | static_cast<unsigned>(from[1]) << 8U | from[2];
    put_pair(to, alphabet.pairs[group >> 12U]);
    put_pair(to, alphabet.pairs[group & 0xfffU]);
  }
  if (rest == 0) return;
  const unsigned group =
      static_cast<unsigned>(from[0]) << 16U | (rest == 2 ? static_cast<unsigned>(from[1]) << 8U : 0U);
  put_pair(to, alphabet.pairs[group >> 12U]);
  if (rest == 2) *to++ = alphabet.pairs[group & 0xfffU].first;
  if (padded) {
    if (rest == 1) *to++ = '=';
    *to = '=';
  }
}

// `text` without padding.
std::optional<Bytes> decode(std::string_view text, const Alphabet& alphabet) {
  const std::size_t rest = text.size() % 4;
  if (rest == 1) return std::nullopt;
  Bytes bytes(text.size() / 4 * 3 + (rest == 0 ? 0 : rest - 1));
  const auto value = [&](std::size_t i) { return alphabet.values[static_cast<std::uint8_t>(text[i])]; };
  std::uint8_t* to = bytes.data();
  std::uint8_t seen = 0;  // a value is below 64, so the high bits tell whether any was invalid
  std::size_t i = 0;
  for (; i + 4 <= text.size(); i += 4) {
    const std::uint8_t a = value(i), b = value(i + 1), c = value(i + 2), d = value(i + 3);
    seen = static_cast<std::uint8_t>(seen | a | b | c | d);
    *to++ = static_cast<std::uint8_t>(a << 2U | b >> 4U);
    *to++ = static_cast<std::uint8_t>(b << 4U | c >> 2U);
    *to++ = static_cast<std::uint8_t>(c << 6U | d);
  }
  if (rest != 0) {
    const std::uint8_t a = value(i), b = value(i + 1), c = rest == 3 ? value(i + 2) : std::uint8_t{0};
    seen = static_cast<std::uint8_t>(seen | a | b | c);
    *to++ = static_cast<std::uint8_t>(a << 2U | b >> 4U);
    if (rest == 3) *to++ = static_cast<std::uint8_t>(b << 4U | c >> 2U);
    const unsigned unused = rest == 3 ? c & 0x03U : b & 0x0fU;
    if (unused != 0) return std::nullopt;
  }
  if (seen > 63) return std::nullopt;
  return bytes;
}

}  // namespace

std::string base64_encode(ByteView bytes) {
  std::string text;
  append(text, bytes, kStandardAlphabet, true);
  return text;
}

std::string base64_encode_unpadded(ByteView bytes) {
  std::string text;
  append(text, bytes, kStandardAlphabet, false);
  return text;
}

std::string base64url_encode(ByteView bytes) {
  std::string text;
  append(text, bytes, kUrlAlphabet, false);
  return text;
}

void base64url_append(std::string& out, ByteView bytes) {
  append(out, bytes, kUrlAlphabet, false);
}

std::optional<Bytes> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int i = 0; i < 2 && !text.empty() && text.back() == '='; ++i) text.remove_suffix(1);
  return decode(text, kStandardAlphabet);
}

std::optional<Bytes> base64_decode_unpadded(std::string_view text) {
  return decode(text, kStandardAlphabet);
}

std::optional<Bytes> base64url_decode(std::string_view text) {
  return decode(text, kUrlAlphabet);
}

}  // namespace ledger
