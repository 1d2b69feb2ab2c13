#include "agent/core/age/header.h"

#include <sodium.h>

#include <algorithm>

#include "agent/core/age/age.h"
#include "agent/core/age/hkdf.h"
#include "ledger-client/core/base64.h"
#include "ledger-client/core/text_lines.h"

namespace edge::age {

namespace {

constexpr std::string_view kEnd = "---";
constexpr std::string_view kStanzaStart = "-> ";
constexpr std::size_t kBodyLine = 64;

bool is_argument(std::string_view word) {
  return !word.empty() &&
         std::all_of(word.begin(), word.end(), [](char c) { return c >= 0x21 && c <= 0x7e; });
}

// Words between single spaces; nothing if one of them is empty or not visible ASCII.
std::optional<std::vector<std::string_view>> split_arguments(std::string_view line) {
  std::vector<std::string_view> words;
  for (;;) {
    const std::size_t space = line.find(' ');
    words.push_back(line.substr(0, space));
    if (!is_argument(words.back())) {
      return std::nullopt;
    }
    if (space == std::string_view::npos) {
      return words;
    }
    line.remove_prefix(space + 1);
  }
}

// Full lines, then one that is shorter and may be empty.
std::optional<ledger::Bytes> take_body(std::string_view& text) {
  std::string joined;
  for (;;) {
    const auto line = ledger::take_line(text);
    if (!line || line->size() > kBodyLine) {
      return std::nullopt;
    }
    joined += *line;
    if (line->size() < kBodyLine) {
      return ledger::base64_decode_unpadded(joined);
    }
  }
}

std::array<std::uint8_t, 32> mac_of(std::string_view authenticated, ledger::ByteView file_key) {
  Wiped<32> key;
  hkdf_sha256(file_key, {}, "header", key.reveal());
  std::array<std::uint8_t, 32> mac{};
  hmac_sha256(key.reveal(), ledger::as_bytes(authenticated), mac);
  return mac;
}

}  // namespace

HeaderScanner::Verdict HeaderScanner::scan(std::string_view text) {
  const std::string_view start = text.substr(0, kVersionLine.size());
  if (!kVersionLine.starts_with(start)) {
    return Verdict::kHopeless;
  }
  for (;;) {
    // No body line starts with a dash, so the first line with three of them is the last one, or the header is
    // malformed.
    const std::size_t end = text.find('\n', std::max(line_start_, scanned_));
    if (end == std::string_view::npos) {
      scanned_ = text.size();
      return text.size() > kMaxHeaderBytes ? Verdict::kHopeless : Verdict::kMore;
    }
    const bool last = text.substr(line_start_).starts_with(kEnd);
    line_start_ = end + 1;
    if (line_start_ > kMaxHeaderBytes) {
      return Verdict::kHopeless;
    }
    if (last) {
      return Verdict::kComplete;
    }
  }
}

ledger::Result<Header> parse_header(std::string_view text) {
  const std::string_view whole = text;
  if (!text.starts_with(kVersionLine)) {
    return ledger::Problem{kHeaderFailure};
  }
  text.remove_prefix(kVersionLine.size());
  Header header;
  while (text.starts_with(kStanzaStart)) {
    text.remove_prefix(kStanzaStart.size());
    const auto line = ledger::take_line(text);
    auto arguments = line ? split_arguments(*line) : std::nullopt;
    auto body = arguments ? take_body(text) : std::nullopt;
    if (!body) {
      return ledger::Problem{kHeaderFailure};
    }
    header.stanzas.push_back({std::move(*arguments), std::move(*body)});
  }
  const std::size_t dashes = whole.size() - text.size();
  const auto last = ledger::take_line(text);
  if (header.stanzas.empty() || !last || !text.empty() || !last->starts_with("--- ")) {
    return ledger::Problem{kHeaderFailure};
  }
  const auto mac = ledger::base64_decode_unpadded(last->substr(kEnd.size() + 1));
  const auto hash = mac ? ledger::hash_from_bytes(*mac) : std::nullopt;
  if (!hash) {
    return ledger::Problem{kHeaderFailure};
  }
  header.authenticated = whole.substr(0, dashes + kEnd.size());
  header.mac = *hash;
  return header;
}

std::string write_header(std::string_view stanzas, ledger::ByteView file_key) {
  std::string header;
  header.reserve(kVersionLine.size() + stanzas.size() + 48);
  header.append(kVersionLine).append(stanzas).append(kEnd);
  const std::string mac = ledger::base64_encode_unpadded(mac_of(header, file_key));
  return header.append(" ").append(mac).append("\n");
}

bool header_mac_matches(const Header& header, ledger::ByteView file_key) {
  return sodium_memcmp(mac_of(header.authenticated, file_key).data(), header.mac.data(), header.mac.size()) ==
         0;
}

}  // namespace edge::age
