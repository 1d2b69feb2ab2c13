// The streaming way to canonical JSON: simdjson finds the tokens, each value is written as it is met, and
// only objects whose members stand in another order are put together again. So a document that is canonical
// already costs little more than a copy.
#include <simdjson.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/json_text.h"
#include "ledger-client/core/utf8.h"

namespace ledger {

namespace {

namespace ondemand = simdjson::ondemand;

// Thrown and caught in this file only: the walk is recursive, and simdjson reports by exceptions as well.
struct Refused {
  const char* reason;
};

constexpr std::string_view kSpace = " \t\n\r";
constexpr std::size_t kSurelyExactDigits = 15;

class Canonicalizer {
 public:
  Canonicalizer(std::string& out, std::size_t max_depth) : out_(out), max_depth_(max_depth) {}

  template <class Value>  // a document or a value: simdjson gives both the same operations
  void write(Value&& value, std::size_t depth) {
    switch (value.type()) {
      case ondemand::json_type::object:
        write_object(value.get_object(), depth + 1);
        break;
      case ondemand::json_type::array:
        write_array(value.get_array(), depth + 1);
        break;
      case ondemand::json_type::string:
        write_string(value);
        break;
      case ondemand::json_type::number:
        write_number(token_of(value));
        break;
      default:
        write_atom(token_of(value));
    }
  }

 private:
  struct Member {
    std::string_view key;    // unescaped; lives in the parser
    std::size_t begin, end;  // its text in out_
  };

  template <class Value>
  static std::string_view token_of(Value&& value) {
    std::string_view token = value.raw_json_token();
    return token.substr(0, token.find_last_not_of(kSpace) + 1);
  }

  void check_depth(std::size_t depth) const {
    if (depth > max_depth_) throw Refused{"nested too deeply"};
  }

  void write_atom(std::string_view token) {
    if (token != "true" && token != "false" && token != "null") throw Refused{"malformed"};
    out_ += token;
  }

  void write_number(std::string_view token) {
    if (token.size() <= kSurelyExactDigits && token != "-0" && is_json_integer(token)) {
      out_ += token;
      return;
    }
    const auto number = json_number(token);
    if (!number) throw Refused{"a malformed number or an integer beyond 2^53"};
    append_json_number(out_, *number);
  }

  // Without a backslash the token is its own canonical text: simdjson has checked UTF-8 and control
  // characters.
  template <class Value>
  void write_string(Value&& value) {
    const std::string_view token = token_of(value);
    if (token.find('\\') == token.npos) {
      // Taken off the reader as well: a string that was only looked at would be skipped as if it could be a
      // member's name.
      (void)ondemand::raw_json_string{value.get_raw_json_string()};
      if (token.size() < 2 || token.back() != '"') throw Refused{"malformed"};
      out_ += token;
      return;
    }
    const std::string_view text = value.get_string();
    if (!is_utf8(text)) throw Refused{"half a surrogate pair"};
    append_json_string(out_, text);
  }

  void write_array(ondemand::array array, std::size_t depth) {
    check_depth(depth);
    char separator = '[';
    for (ondemand::value item : array) {
      out_ += separator;
      separator = ',';
      write(item, depth);
    }
    if (separator == '[') out_ += '[';
    out_ += ']';
  }

  void write_object(ondemand::object object, std::size_t depth) {
    check_depth(depth);
    const std::size_t first = members_.size();
    bool in_order = true;
    out_ += '{';
    const std::size_t begin = out_.size();
    for (ondemand::field field : object) {
      const std::string_view key = field.unescaped_key();
      if (members_.size() > first) {
        in_order = in_order && json_key_less(members_.back().key, key);
        out_ += ',';
      }
      const std::size_t member_begin = out_.size();
      if (!is_utf8(key)) throw Refused{"half a surrogate pair"};
      append_json_string(out_, key);
      out_ += ':';
      write(field.value(), depth);
      members_.push_back({key, member_begin, out_.size()});
    }
    if (!in_order) reorder(first, begin);
    members_.resize(first);
    out_ += '}';
  }

  // Puts the members from `first` on in order; their text is all that stands in out_ from `begin` on.
  void reorder(std::size_t first, std::size_t begin) {
    const auto members = members_.begin() + static_cast<std::ptrdiff_t>(first);
    std::sort(members, members_.end(),
              [](const Member& a, const Member& b) { return json_key_less(a.key, b.key); });
    const auto same = [](const Member& a, const Member& b) { return a.key == b.key; };
    if (std::adjacent_find(members, members_.end(), same) != members_.end())
      throw Refused{"two members of one name"};
    scratch_.clear();
    for (auto member = members; member != members_.end(); ++member) {
      if (member != members) scratch_ += ',';
      scratch_.append(out_, member->begin, member->end - member->begin);
    }
    out_.replace(begin, out_.npos, scratch_);
  }

  std::string& out_;
  std::size_t max_depth_;
  std::vector<Member> members_;  // of all objects around the reading position, outermost first
  std::string scratch_;
};

Result<std::string> canonicalize_scalar(std::string_view text, const JsonLimits& limits) {
  const auto value = parse_json(text, limits);
  if (!value) return value.error();
  return canonical_json(*value);
}

Result<std::string> canonicalize_container(std::string_view text, const JsonLimits& limits) {
  ondemand::parser parser;
  // simdjson's own bound is looser than ours, so that ours speaks first.
  if (parser.allocate(text.size(), limits.max_depth + 2) != simdjson::SUCCESS)
    return Problem{"JSON: too large"};
  const simdjson::padded_string padded(text);
  std::string out;
  out.reserve(text.size());
  ondemand::document document = parser.iterate(padded);
  Canonicalizer(out, limits.max_depth).write(document, 0);
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) return Problem{"JSON: trailing bytes"};
  return out;
}

}  // namespace

Result<std::string> canonicalize(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes) return Problem{"JSON: too large"};
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == text.npos) return Problem{"JSON: malformed"};
  if (text[first] != '{' && text[first] != '[') return canonicalize_scalar(text, limits);
  try {
    return canonicalize_container(text, limits);
  } catch (const Refused& refused) {
    return Problem{std::string{"JSON: "} + refused.reason};
  } catch (const simdjson::simdjson_error& error) {
    return Problem{"JSON: malformed"};
  }
}

}  // namespace ledger
