// Reads canonical JSON (RFC 8785) in a single pass, as a check and not as a document: every step takes
// exactly the bytes a canonical writer would have written next, or fails. For ledger entries, which are
// verified by the million. The text must be UTF-8 already. One object belongs to one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ledger {

class CanonicalScan {
 public:
  explicit CanonicalScan(std::string_view text) : text_(text) {}

  bool at_end() const { return at_ == text_.size(); }
  std::size_t position() const { return at_; }

  // Exactly these bytes.
  bool literal(std::string_view expected);
  // A string without escapes: its content.
  std::optional<std::string_view> plain_string();
  // The content of a string of exactly so many bytes, not looked into: for who demands more of each byte than
  // a string without escapes does.
  std::optional<std::string_view> sized_string(std::size_t size);
  // A string: the characters it stands for.
  std::optional<std::string> text();
  // An integer from 0 to 2^53.
  std::optional<std::uint64_t> integer();
  // Any value, containers at most `depth` deep.
  bool value(std::size_t depth);
  // An object: its text, braces included.
  std::optional<std::string_view> object(std::size_t depth);
  // So many bytes that somebody else has read; nothing if there are fewer.
  std::optional<std::string_view> skip(std::size_t size);

 private:
  bool next_is(char c) const { return at_ < text_.size() && text_[at_] == c; }
  bool take(char c);
  bool string();
  bool escape();
  bool number();
  bool members(std::size_t depth);
  bool elements(std::size_t depth);

  std::string_view text_;
  std::size_t at_ = 0;
  bool escaped_ = false;  // whether the string read last holds an escape
};

}  // namespace ledger
