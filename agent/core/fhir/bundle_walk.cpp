#include "agent/core/fhir/bundle_walk.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "agent/core/fhir/narrative.h"
#include "agent/core/fhir/string_scan.h"
#include "agent/core/fhir/text_buffer.h"
#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/json_text.h"
#include "ledger-client/core/utf8.h"

namespace edge::fhir {

namespace {

namespace dom = simdjson::dom;

// Path lengths at which something of the Bundle stands: entry[i] / resource / member.
constexpr std::size_t kEntryDepth = 2, kResourceMemberDepth = 4;

struct Field {
  std::string_view name;
  dom::element value;
};

class BundleWalk {
 public:
  BundleWalk(TextBuffer& out, const CheckLimits& limits) : out_(out), limits_(limits) {}
  void bundle(const dom::object& root);
  BundleFacts facts;

 private:
  [[noreturn]] void refuse(const char* rule) const { throw Refused{place_text(path_), rule}; }
  void value(const dom::element& value);
  void object(const dom::object& object);
  void array(const dom::array& array);
  void text(std::string_view text);
  void integer(long long number);
  void member(const Field& field);
  void note_member(std::string_view name, const dom::element& value);
  void note_reference(std::string_view target);
  void begin_entry();
  void collect(const dom::object& object);

  TextBuffer& out_;
  const CheckLimits& limits_;
  std::vector<Step> path_;
  bool in_entries_ = false, in_resource_ = false;
  std::vector<Field> fields_;  // of all objects around the reading position, outermost first
  std::string escaped_;
};

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// In canonical order. Names of FHIR differ early and are ASCII.
bool comes_before(const Field& a, const Field& b) {
  const auto first = static_cast<unsigned char>(a.name[0]), second = static_cast<unsigned char>(b.name[0]);
  if (first != second && first < 0x80 && second < 0x80) return first < second;
  return ledger::json_key_less(a.name, b.name);
}

// Puts the members of `object` behind those in fields_, in canonical order.
void BundleWalk::collect(const dom::object& object) {
  const auto first = static_cast<std::ptrdiff_t>(fields_.size());
  for (const auto& field : object) {
    if (field.key.empty()) refuse("a member without a name");
    fields_.push_back({field.key, field.value});
  }
  const auto begin = fields_.begin() + first;
  const auto out_of_order = [](const Field& a, const Field& b) { return !comes_before(a, b); };
  if (std::adjacent_find(begin, fields_.end(), out_of_order) == fields_.end()) return;
  std::sort(begin, fields_.end(), comes_before);
  const auto same = [](const Field& a, const Field& b) { return a.name == b.name; };
  if (std::adjacent_find(begin, fields_.end(), same) != fields_.end()) refuse("two members of one name");
}

// id, meta and signature are no part of what a signature covers, but are checked like everything else.
void BundleWalk::bundle(const dom::object& root) {
  collect(root);
  out_.add('{');
  const std::size_t members = fields_.size();
  for (std::size_t i = 0; i < members; ++i) {
    const Field field = fields_[i];
    const std::size_t before = out_.size();
    member(field);
    if (field.name == "id" || field.name == "meta" || field.name == "signature") out_.cut(before);
  }
  out_.add('}');
}

void BundleWalk::value(const dom::element& value) {
  switch (value.type()) {
    case dom::element_type::OBJECT:
      return object(value);
    case dom::element_type::ARRAY:
      return array(value);
    case dom::element_type::STRING:
      return text(value);
    case dom::element_type::INT64:
      return integer(value.get_int64().value_unsafe());
    case dom::element_type::UINT64:
      return refuse("an integer beyond 2^53");
    case dom::element_type::DOUBLE: {
      const double number = value.get_double().value_unsafe();
      if (!ledger::has_canonical_text(number)) refuse("an integer beyond 2^53");
      escaped_.clear();
      ledger::append_json_number(escaped_, number);
      out_.add(escaped_);
      return;
    }
    case dom::element_type::BOOL:
      out_.add(std::string_view(value.get_bool().value_unsafe() ? "true" : "false"));
      return;
    case dom::element_type::NULL_VALUE:
      // Only a filler in an array of primitives with extensions.
      if (path_.empty() || !path_.back().name.empty()) refuse("null");
      out_.add(std::string_view("null"));
      return;
  }
}

void BundleWalk::integer(long long number) {
  constexpr auto kMost = static_cast<long long>(ledger::kMaxJsonInteger);
  if (number > kMost || number < -kMost) refuse("an integer beyond 2^53");
  constexpr std::size_t kMostDigits = 24;
  char* const digits = out_.room(kMostDigits);
  out_.advance(static_cast<std::size_t>(std::to_chars(digits, digits + kMostDigits, number).ptr - digits));
}

void BundleWalk::text(std::string_view text) {
  if ((text.empty() || text.front() <= ' ') && is_blank(text)) refuse("an empty string");
  const StringScan seen = scan_string(text);
  if (seen.surrogate_lead != 0 && !ledger::is_utf8(text)) refuse("half a surrogate pair");
  if (seen.escaped != 0) {
    escaped_.clear();
    ledger::append_json_string(escaped_, text);
    return out_.add(escaped_);
  }
  char* const to = out_.room(text.size() + 2);
  to[0] = '"';
  std::memcpy(to + 1, text.data(), text.size());
  to[text.size() + 1] = '"';
  out_.advance(text.size() + 2);
}

void BundleWalk::array(const dom::array& array) {
  if (path_.size() >= limits_.max_depth) refuse("nested too deeply");
  char separator = '[';
  path_.push_back({});
  for (const dom::element item : array) {
    out_.add(separator);
    separator = ',';
    if (in_entries_ && path_.size() == kEntryDepth) begin_entry();
    value(item);
    ++path_.back().index;
  }
  path_.pop_back();
  if (separator == '[') refuse("an empty array");
  out_.add(']');
}

void BundleWalk::begin_entry() {
  if (facts.entries.size() >= limits_.max_entries) refuse("more entries than the limit");
  const auto from_here = [](const auto& list) { return Range{list.size(), list.size()}; };
  facts.entries.push_back({{},
                           {},
                           {},
                           from_here(facts.contained_ids),
                           from_here(facts.member_names),
                           from_here(facts.references)});
}

void BundleWalk::object(const dom::object& object) {
  if (path_.size() >= limits_.max_depth) refuse("nested too deeply");
  const std::size_t first = fields_.size();
  collect(object);
  const std::size_t end = fields_.size();
  if (end == first) refuse("an empty object");
  out_.add('{');
  for (std::size_t i = first; i < end; ++i) {
    const Field field = fields_[i];  // a copy: the list may move
    member(field);
  }
  fields_.erase(fields_.begin() + static_cast<std::ptrdiff_t>(first), fields_.end());
  out_.add('}');
}

void BundleWalk::member(const Field& field) {
  path_.push_back({field.name, 0});
  if (out_.back() != '{') out_.add(',');
  text(field.name);
  out_.add(':');
  note_member(field.name, field.value);
  value(field.value);
  path_.pop_back();
}

// What the document's rules look at later; `path_` ends with this member.
void BundleWalk::note_member(std::string_view name, const dom::element& element) {
  const bool is_text = element.is_string();
  if (is_text && name == "div")
    if (auto fault = check_narrative(element.get_string().value_unsafe()))
      throw Refused{place_text(path_), "narrative: " + *fault};
  const std::size_t depth = path_.size();
  if (depth == 1) in_entries_ = name == "entry";
  if (depth == 3) in_resource_ = name == "resource";
  if (!in_entries_ || depth < 3 || facts.entries.empty()) return;
  EntryFacts& entry = facts.entries.back();
  const std::string_view string = is_text ? element.get_string().value_unsafe() : std::string_view();
  if (depth == 3 && name == "fullUrl") entry.full_url = string;
  if (depth < kResourceMemberDepth || !in_resource_) return;
  if (depth == kResourceMemberDepth) {
    facts.member_names.push_back(name);
    entry.members.end = facts.member_names.size();
    if (name == "resourceType") entry.kind = string;
    if (name == "id") entry.id = string;
  }
  if (depth == kResourceMemberDepth + 2 && name == "id" && path_[3].name == "contained") {
    facts.contained_ids.push_back(string);
    entry.contained.end = facts.contained_ids.size();
  }
  if (is_text && name == "reference") note_reference(string);
}

void BundleWalk::note_reference(std::string_view target) {
  const std::size_t begin = facts.steps.size();
  facts.steps.insert(facts.steps.end(), path_.begin() + 3, path_.end() - 1);
  const bool is_subject =
      path_.size() == kResourceMemberDepth + 1 && (path_[3].name == "subject" || path_[3].name == "patient");
  facts.references.push_back({target, {begin, facts.steps.size()}, is_subject});
  facts.entries.back().references.end = facts.references.size();
}

}  // namespace

std::string place_text(std::span<const Step> path) {
  std::string out;
  for (const Step& step : path) {
    if (step.name.empty()) {
      out += '[' + std::to_string(step.index) + ']';
    } else {
      if (!out.empty()) out += '.';
      // A member's name is foreign text: only what looks like an element is repeated.
      bool plain =
          step.name.size() <= 40 && std::all_of(step.name.begin(), step.name.end(), [](unsigned char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
          });
      out += plain ? step.name : std::string_view("(a member)");
    }
  }
  return out;
}

BundleFacts walk_bundle(const dom::object& root, std::size_t json_bytes, const CheckLimits& limits,
                        std::string& canonical) {
  TextBuffer out(json_bytes);
  BundleWalk walk(out, limits);
  walk.bundle(root);
  canonical = std::move(out).take();
  return std::move(walk.facts);
}

}  // namespace edge::fhir
