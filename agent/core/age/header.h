// The text header of an age file (formats.md 1.2, 1.3): finding its end in a stream, taking it apart, writing
// it. Pure, thread-safe.
#pragma once

#include "ledger-client/core/bytes.h"
#include "ledger-client/core/result.h"

namespace edge::age {

inline constexpr std::string_view kVersionLine = "age-encryption.org/v1\n";

struct Stanza {
  std::vector<std::string_view> arguments;  // at least one, the type
  ledger::Bytes body;
};

// Nothing is authenticated yet: the MAC needs the file key. Views into the text given to parse_header.
struct Header {
  std::vector<Stanza> stanzas;     // at least one
  std::string_view authenticated;  // what the MAC is over: everything up to and including the three dashes
  ledger::Hash mac{};
};

// Looks for the end of a header in a stream; each byte is looked at once. `text` is everything so far, from
// the first byte.
class HeaderScanner {
 public:
  enum class Verdict { kMore, kComplete, kHopeless };
  Verdict scan(std::string_view text);
  std::size_t size() const { return line_start_; }  // of a complete header

 private:
  std::size_t line_start_ = 0;
  std::size_t scanned_ = 0;
};

// `text` is a whole header with its last line feed.
ledger::Result<Header> parse_header(std::string_view text);

// A whole header around `stanzas` (their text) for this file key.
std::string write_header(std::string_view stanzas, ledger::ByteView file_key);
// Whether the header was made by somebody who has the file key.
bool header_mac_matches(const Header& header, ledger::ByteView file_key);

}  // namespace edge::age
