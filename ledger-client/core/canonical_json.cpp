#include "ledger-client/core/canonical_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "ledger-client/core/json_text.h"
#include "ledger-client/core/utf8.h"

namespace ledger {

namespace {

using nlohmann::json;

// Builds the value while nlohmann reads, and stops it at the first thing that strict JSON doesn't have.
class StrictBuilder final : public nlohmann::json_sax<json> {
 public:
  explicit StrictBuilder(std::size_t max_depth) : max_depth_(max_depth) {}

  json& value() { return root_; }
  const std::string& refusal() const { return refusal_; }

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override {
    const auto size = value < 0 ? -static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
    return size <= kMaxJsonInteger ? put(value) : refuse("an integer beyond 2^53");
  }
  bool number_unsigned(number_unsigned_t value) override {
    return value <= kMaxJsonInteger ? put(value) : refuse("an integer beyond 2^53");
  }
  bool number_float(number_float_t value, const string_t& token) override {
    if (is_json_integer(token) || !has_canonical_text(value)) return refuse("an integer beyond 2^53");
    return put(value);
  }
  bool string(string_t& value) override { return put(std::move(value)); }
  bool binary(binary_t&) override { return refuse("binary data"); }

  bool start_object(std::size_t) override { return open(json::object()); }
  bool key(string_t& name) override {
    const auto [member, is_new] = open_.back()->emplace(std::move(name), nullptr);
    if (!is_new) return refuse("two members of one name");
    member_ = &*member;
    return true;
  }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return refuse("malformed");
  }

 private:
  bool refuse(const char* reason) {
    if (refusal_.empty()) refusal_ = reason;
    return false;
  }
  json* place(json value) {
    json* const where = open_.empty()              ? &root_
                        : open_.back()->is_array() ? &open_.back()->emplace_back()
                                                   : member_;
    *where = std::move(value);
    return where;
  }
  bool put(json value) {
    place(std::move(value));
    return true;
  }
  bool open(json container) {
    if (open_.size() == max_depth_) return refuse("nested too deeply");
    open_.push_back(place(std::move(container)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  std::size_t max_depth_;
  json root_;
  std::vector<json*>
      open_;  // the containers around the reading position; none of them moves while it is open
  json* member_ = nullptr;
  std::string refusal_;
};

void append(std::string& out, const json& value);

void append_object(std::string& out, const json& object) {
  using Member = json::object_t::value_type;
  std::vector<const Member*> members;
  members.reserve(object.size());
  for (const Member& member : object.get_ref<const json::object_t&>()) members.push_back(&member);
  const auto less = [](const Member* a, const Member* b) { return json_key_less(a->first, b->first); };
  // The map orders by bytes; only names beyond U+FFFF stand elsewhere.
  if (!std::is_sorted(members.begin(), members.end(), less)) std::sort(members.begin(), members.end(), less);
  char separator = '{';
  for (const Member* member : members) {
    out += separator;
    separator = ',';
    if (!is_utf8(member->first)) throw std::invalid_argument("canonical JSON: a member name is not UTF-8");
    append_json_string(out, member->first);
    out += ':';
    append(out, member->second);
  }
  if (members.empty()) out += '{';
  out += '}';
}

void append_array(std::string& out, const json& array) {
  char separator = '[';
  for (const json& item : array) {
    out += separator;
    separator = ',';
    append(out, item);
  }
  if (array.empty()) out += '[';
  out += ']';
}

template <class Integer>
void append_integer(std::string& out, Integer value, std::uint64_t size) {
  if (size > kMaxJsonInteger) throw std::invalid_argument("canonical JSON: an integer beyond 2^53");
  out += std::to_string(value);
}

void append(std::string& out, const json& value) {
  switch (value.type()) {
    case json::value_t::null:
      out += "null";
      return;
    case json::value_t::boolean:
      out += value.get<bool>() ? "true" : "false";
      return;
    case json::value_t::object:
      append_object(out, value);
      return;
    case json::value_t::array:
      append_array(out, value);
      return;
    case json::value_t::number_unsigned: {
      const auto number = value.get<std::uint64_t>();
      append_integer(out, number, number);
      return;
    }
    case json::value_t::number_integer: {
      const auto number = value.get<std::int64_t>();
      append_integer(out, number,
                     number < 0 ? -static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number));
      return;
    }
    case json::value_t::number_float:
      if (!has_canonical_text(value.get<double>()))
        throw std::invalid_argument("canonical JSON: a number without text");
      append_json_number(out, value.get<double>());
      return;
    case json::value_t::string:
      if (!is_utf8(value.get_ref<const std::string&>()))
        throw std::invalid_argument("canonical JSON: a string is not UTF-8");
      append_json_string(out, value.get_ref<const std::string&>());
      return;
    default:
      throw std::invalid_argument("canonical JSON: a value JSON doesn't have");
  }
}

}  // namespace

Result<json> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes) return Problem{"JSON: too large"};
  // nlohmann skips a byte order mark and takes a zero byte for the end of the text.
  if (text.starts_with("\xef\xbb\xbf") || text.find('\0') != text.npos) return Problem{"JSON: malformed"};
  StrictBuilder builder(limits.max_depth);
  if (!json::sax_parse(text, &builder)) return Problem{"JSON: " + builder.refusal()};
  return std::move(builder.value());
}

bool has_exactly(const json& object, std::initializer_list<const char*> names) {
  return object.is_object() && object.size() == names.size() &&
         std::all_of(names.begin(), names.end(), [&](const char* name) { return object.contains(name); });
}

std::string canonical_json(const json& value) {
  std::string text;
  append(text, value);
  return text;
}

}  // namespace ledger
