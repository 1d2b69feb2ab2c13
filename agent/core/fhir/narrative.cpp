#include "agent/core/fhir/narrative.h"

#include <algorithm>
#include <cctype>

#include "agent/core/fhir/xhtml.h"

namespace edge::fhir {

namespace {

using Names = std::initializer_list<std::string_view>;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

bool is_one_of(std::string_view name, Names names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_forbidden(std::string_view name) {
  return is_one_of(name,
                   {"script", "object", "embed",    "iframe",   "form",     "input",  "link", "style", "base",
                    "head",   "body",   "meta",     "frame",    "frameset", "applet", "html", "svg",   "math",
                    "button", "select", "textarea", "noscript", "template", "video",  "audio"});
}

bool is_formatting(std::string_view name) {
  return is_one_of(
      name, {"a",   "abbr",     "acronym", "b",     "big",  "blockquote", "br",  "caption", "cite",  "code",
             "col", "colgroup", "dd",      "dfn",   "div",  "dl",         "dt",  "em",      "h1",    "h2",
             "h3",  "h4",       "h5",      "h6",    "hr",   "i",          "img", "li",      "ol",    "p",
             "pre", "q",        "samp",    "small", "span", "strong",     "sub", "sup",     "table", "tbody",
             "td",  "tfoot",    "th",      "thead", "tr",   "tt",         "ul",  "var"});
}

bool is_void(std::string_view name) {
  return is_one_of(name, {"br", "hr", "img", "col"});
}

// `javascript:` also when it hides behind character references or white space.
bool is_script_address(std::string_view value) {
  std::string plain;
  for (std::size_t i = 0; i < value.size(); ++i) {
    auto c = static_cast<unsigned char>(value[i]);
    if (c <= ' ') continue;
    if (c != '&') {
      plain += static_cast<char>(std::tolower(c));
      continue;
    }
    std::size_t end = value.find(';', i);
    std::string reference = lower(value.substr(i + 1, end - i - 1));
    if (reference == "colon") plain += ':';
    if (reference.starts_with('#')) {
      int base = reference.starts_with("#x") ? 16 : 10;
      long code = std::strtol(reference.c_str() + (base == 16 ? 2 : 1), nullptr, base);
      if (code > ' ' && code < 127) plain += static_cast<char>(std::tolower(static_cast<int>(code)));
    }
    if (end == std::string_view::npos) break;
    i = end;
  }
  return plain.find("javascript:") != std::string::npos || plain.find("vbscript:") != std::string::npos;
}

bool is_root(const XhtmlToken& token) {
  if (token.kind != XhtmlToken::Kind::kOpen || token.name != "div" || token.self_closing) return false;
  return std::any_of(token.attributes.begin(), token.attributes.end(), [](const auto& attribute) {
    return attribute.first == "xmlns" && attribute.second == "http://www.w3.org/1999/xhtml";
  });
}

bool is_blank(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isspace(c) != 0; });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.substr(0, 1))) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.substr(text.size() - 1))) text.remove_suffix(1);
  return text;
}

const char* check_tag(const XhtmlToken& token) {
  if (token.attributes.empty() &&
      is_one_of(token.name, {"td", "tr", "th", "p", "b", "li", "ul", "div", "span"}))
    return nullptr;
  if (is_forbidden(lower(token.name))) return "a forbidden element";
  for (const auto& [name, value] : token.attributes) {
    if (lower(name).starts_with("on")) return "an event attribute";
    if (is_script_address(value)) return "a script address";
  }
  return nullptr;
}

bool is_safe_attribute(std::string_view element, std::string_view name, std::string_view value) {
  if (name == "href" && element == "a") {
    std::string address = lower(value);
    return address.starts_with("https://") || address.starts_with("http://") ||
           address.starts_with("mailto:");
  }
  if (name == "src" && element == "img")
    return value.starts_with("data:image/png;base64,") || value.starts_with("data:image/jpeg;base64,") ||
           value.starts_with("data:image/gif;base64,");
  return is_one_of(name,
                   {"title", "lang", "dir", "alt", "colspan", "rowspan", "span", "scope", "headers", "align",
                    "valign", "width", "height", "border", "cellpadding", "cellspacing", "start"});
}

void append_attribute(std::string& out, std::string_view name, std::string_view value) {
  out += ' ';
  out += name;
  out += "=\"";
  for (char c : value) c == '"' ? out += "&quot;" : c == '>' ? out += "&gt;" : out += c;
  out += '"';
}

// Writes what is allowed of a well-formed fragment.
class Cleaner {
 public:
  std::string out;

  void token(const XhtmlToken& token) {
    std::string name = lower(token.name);
    if (token.kind == XhtmlToken::Kind::kText) {
      if (dropped_ == 0) text(token.text);
      return;
    }
    if (is_forbidden(name)) {
      if (!token.self_closing) token.kind == XhtmlToken::Kind::kOpen ? ++dropped_ : --dropped_;
      return;
    }
    if (dropped_ > 0 || !is_formatting(name)) return;
    token.kind == XhtmlToken::Kind::kOpen ? open(name, token) : close(name);
  }

 private:
  void text(std::string_view escaped) {
    for (char c : escaped) c == '>' ? out += "&gt;" : out += c;
  }

  void open(const std::string& name, const XhtmlToken& token) {
    out += '<' + name;
    for (const auto& [attribute, value] : token.attributes)
      if (is_safe_attribute(name, attribute, value)) append_attribute(out, attribute, value);
    if (name == "a") out += " rel=\"noopener noreferrer nofollow\"";
    out += '>';
    if (token.self_closing && !is_void(name)) close(name);
  }

  void close(const std::string& name) {
    if (!is_void(name)) out += "</" + name + '>';
  }

  int dropped_ = 0;
};

}  // namespace

std::optional<std::string> check_narrative(std::string_view div) {
  XhtmlReader reader(trimmed(div));
  XhtmlToken token;
  if (!reader.next(token) || !is_root(token)) return "the root is not an XHTML div";
  bool content = false, first = true;
  int depth = 0;
  do {
    if (depth == 0 && !first) return "more than one root";
    first = false;
    if (token.kind == XhtmlToken::Kind::kText) {
      content = content || !is_blank(token.text);
      continue;
    }
    if (const char* fault = check_tag(token)) return fault;
    if (token.kind == XhtmlToken::Kind::kClose)
      --depth;
    else if (!token.self_closing)
      ++depth;
    content = content || lower(token.name) == "img";
  } while (reader.next(token));
  if (reader.fault()) return reader.fault();
  if (!content) return "no text";
  return std::nullopt;
}

std::string sanitise_narrative(std::string_view div) {
  Cleaner cleaner;
  XhtmlReader reader(trimmed(div));
  XhtmlToken token;
  while (reader.next(token)) cleaner.token(token);
  if (!reader.fault()) return "<div>" + cleaner.out + "</div>";
  std::string out = "<div><p>";
  append_escaped(out, div);
  return out + "</p></div>";
}

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (const auto entity = entity_of(c); !entity.empty())
      out += entity;
    else
      out += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? ' ' : c;
  }
}

}  // namespace edge::fhir
