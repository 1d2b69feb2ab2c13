// A reader of the XHTML fragments FHIR narratives are: tags, attributes and text, well-formed or refused. No
// DTD, no CDATA, no processing instructions, so nothing can expand or be hidden. Pure.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

namespace edge::fhir {

// How text and attributes write a character that markup would take for its own; empty for all others.
constexpr std::string_view entity_of(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

struct XhtmlToken {
  enum class Kind { kOpen, kClose, kText };
  Kind kind = Kind::kText;
  std::string_view name;                                                  // kOpen, kClose
  std::vector<std::pair<std::string_view, std::string_view>> attributes;  // values as written, still escaped
  bool self_closing = false;
  std::string_view text;  // kText, still escaped
};

// Reads token after token; comments are skipped. Nesting is checked.
class XhtmlReader {
 public:
  explicit XhtmlReader(std::string_view fragment) : rest_(fragment) {}
  // False at the end and at the first fault; `fault()` tells which.
  bool next(XhtmlToken& token);
  const char* fault() const { return fault_; }  // null: none

 private:
  bool fail(const char* reason);
  bool read_tag(XhtmlToken& token);
  bool read_attribute(XhtmlToken& token);
  bool read_text(XhtmlToken& token);

  std::string_view rest_;
  std::vector<std::string_view> open_;
  const char* fault_ = nullptr;
};

}  // namespace edge::fhir
