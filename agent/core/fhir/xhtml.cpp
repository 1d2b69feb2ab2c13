#include "agent/core/fhir/xhtml.h"

#include <algorithm>
#include <cctype>

namespace edge::fhir {

namespace {

constexpr std::size_t kMaxNesting = 256;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
bool is_alpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_name(char c) {
  return is_alpha(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == ':' || c == '.';
}

std::string_view take_name(std::string_view& rest) {
  std::size_t length = 0;
  while (length < rest.size() && is_name(rest[length])) ++length;
  std::string_view name = rest.substr(0, length);
  rest.remove_prefix(length);
  return name;
}

bool skip_space(std::string_view& rest) {
  std::size_t before = rest.size();
  while (!rest.empty() && is_space(rest[0])) rest.remove_prefix(1);
  return rest.size() != before;
}

// Every '&' starts a character or entity reference.
bool has_sound_references(std::string_view text) {
  for (std::size_t at = text.find('&'); at != std::string_view::npos; at = text.find('&', at + 1)) {
    std::size_t end = text.find(';', at);
    if (end == std::string_view::npos || end - at < 2 || end - at > 32) return false;
    std::string_view name = text.substr(at + 1, end - at - 1);
    if (name[0] == '#') name.remove_prefix(1);
    if (name.empty() ||
        !std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) != 0; }))
      return false;
  }
  return true;
}

}  // namespace

bool XhtmlReader::fail(const char* reason) {
  fault_ = reason;
  return false;
}

bool XhtmlReader::next(XhtmlToken& token) {
  if (fault_) return false;
  while (rest_.starts_with("<!--")) {
    std::size_t end = rest_.find("-->", 4);
    if (end == std::string_view::npos) return fail("an unclosed comment");
    rest_.remove_prefix(end + 3);
  }
  if (rest_.empty()) return open_.empty() ? false : fail("an unclosed element");
  return rest_[0] == '<' ? read_tag(token) : read_text(token);
}

bool XhtmlReader::read_text(XhtmlToken& token) {
  token.kind = XhtmlToken::Kind::kText;
  token.text = rest_.substr(0, rest_.find('<'));
  rest_.remove_prefix(token.text.size());
  return has_sound_references(token.text) ? true : fail("a stray '&'");
}

bool XhtmlReader::read_tag(XhtmlToken& token) {
  rest_.remove_prefix(1);
  bool closing = rest_.starts_with('/');
  if (closing) rest_.remove_prefix(1);
  token.kind = closing ? XhtmlToken::Kind::kClose : XhtmlToken::Kind::kOpen;
  token.attributes.clear();
  token.self_closing = false;
  if (rest_.empty() || !is_alpha(rest_[0])) return fail("a stray '<'");
  token.name = take_name(rest_);
  while (skip_space(rest_) && !rest_.empty() && is_name(rest_[0]) && !closing)
    if (!read_attribute(token)) return false;
  if (!closing && rest_.starts_with('/')) {
    token.self_closing = true;
    rest_.remove_prefix(1);
  }
  if (!rest_.starts_with('>')) return fail("a broken tag");
  rest_.remove_prefix(1);
  if (closing) {
    if (open_.empty() || open_.back() != token.name) return fail("elements that overlap");
    open_.pop_back();
  } else if (!token.self_closing) {
    if (open_.size() >= kMaxNesting) return fail("elements nested too deeply");
    open_.push_back(token.name);
  }
  return true;
}

bool XhtmlReader::read_attribute(XhtmlToken& token) {
  std::string_view name = take_name(rest_);
  skip_space(rest_);
  if (!rest_.starts_with('=')) return fail("an attribute without a value");
  rest_.remove_prefix(1);
  skip_space(rest_);
  if (rest_.empty() || (rest_[0] != '"' && rest_[0] != '\'')) return fail("an attribute without quotes");
  std::size_t end = rest_.find(rest_[0], 1);
  if (end == std::string_view::npos) return fail("an unclosed attribute");
  std::string_view value = rest_.substr(1, end - 1);
  if (value.find('<') != std::string_view::npos || !has_sound_references(value))
    return fail("a broken attribute");
  rest_.remove_prefix(end + 1);
  token.attributes.emplace_back(name, value);
  return true;
}

}  // namespace edge::fhir
