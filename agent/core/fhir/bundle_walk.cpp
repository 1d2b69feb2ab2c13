#include "agent/core/fhir/bundle_walk.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "agent/core/fhir/narrative.h"
#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/json_text.h"
#include "ledger-client/core/utf8.h"

namespace edge::fhir {

namespace {

namespace dom = simdjson::dom;

// Path lengths at which something of the Bundle stands: entry[i] / resource / member.
constexpr std::size_t kEntryDepth = 2, kResourceMemberDepth = 4;

enum Character : unsigned char { kPlain = 0, kEscaped = 1, kSurrogateLead = 2 };

constexpr std::array<unsigned char, 256> make_classes() {
  std::array<unsigned char, 256> classes{};
  for (int c = 0; c < 0x20; ++c) classes[static_cast<std::size_t>(c)] = kEscaped;
  classes['"'] = classes['\\'] = kEscaped;
  classes[0xED] = kSurrogateLead;
  return classes;
}
constexpr std::array<unsigned char, 256> kClasses = make_classes();

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

void BundleWalk::refuse(const char* rule) const {
  throw Refused{place_text(path_), rule};
}

std::string place_text(const std::vector<Step>& path) {
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

// id, meta and signature are no part of what a signature covers, but are checked like everything else.
void BundleWalk::bundle(const dom::object& root) {
  const std::size_t first = written_.size();
  out_ += '{';
  const std::size_t begin = out_.size();
  for (const auto& field : root) {
    const std::size_t before = out_.size();
    member(field.key, field.value);
    const bool unsigned_part = field.key == "id" || field.key == "meta" || field.key == "signature";
    if (unsigned_part) out_.resize(before);
    if (unsigned_part) written_.back().end = written_.back().begin;
  }
  reorder(first, begin);
  written_.resize(first);
  out_ += '}';
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
      ledger::append_json_number(out_, number);
      return;
    }
    case dom::element_type::BOOL:
      out_ += value.get_bool().value_unsafe() ? "true" : "false";
      return;
    case dom::element_type::NULL_VALUE:
      // Only a filler in an array of primitives with extensions.
      if (path_.empty() || !path_.back().name.empty()) refuse("null");
      out_ += "null";
      return;
  }
}

void BundleWalk::integer(long long number) {
  constexpr auto kMost = static_cast<long long>(ledger::kMaxJsonInteger);
  if (number > kMost || number < -kMost) refuse("an integer beyond 2^53");
  std::array<char, 24> digits{};
  out_.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

void BundleWalk::text(std::string_view text) {
  unsigned char seen = kPlain;
  for (char c : text) seen |= kClasses[static_cast<unsigned char>(c)];
  if ((text.empty() || text.front() <= ' ') && is_blank(text)) refuse("an empty string");
  if ((seen & kSurrogateLead) && !ledger::is_utf8(text)) refuse("half a surrogate pair");
  if (seen & kEscaped) {
    ledger::append_json_string(out_, text);
    return;
  }
  out_ += '"';
  out_ += text;
  out_ += '"';
}

void BundleWalk::array(const dom::array& array) {
  if (path_.size() >= limits_.max_depth) refuse("nested too deeply");
  char separator = '[';
  path_.push_back({});
  for (const dom::element item : array) {
    out_ += separator;
    separator = ',';
    if (in_entries_ && path_.size() == kEntryDepth) begin_entry();
    value(item);
    ++path_.back().index;
  }
  path_.pop_back();
  if (separator == '[') refuse("an empty array");
  out_ += ']';
}

void BundleWalk::begin_entry() {
  if (entries.size() >= limits_.max_entries) refuse("more entries than the limit");
  entries.emplace_back();
}

void BundleWalk::object(const dom::object& object) {
  if (path_.size() >= limits_.max_depth) refuse("nested too deeply");
  const std::size_t first = written_.size();
  out_ += '{';
  const std::size_t begin = out_.size();
  for (const auto& field : object) member(field.key, field.value);
  if (written_.size() == first) refuse("an empty object");
  reorder(first, begin);
  written_.resize(first);
  out_ += '}';
}

void BundleWalk::member(std::string_view name, const dom::element& element) {
  path_.push_back({name, 0});
  if (name.empty()) refuse("a member without a name");
  if (out_.back() != '{') out_ += ',';
  const std::size_t begin = out_.size();
  text(name);
  out_ += ':';
  note_member(name, element);
  value(element);
  written_.push_back({name, begin, out_.size()});
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
  if (!in_entries_ || depth < 3 || entries.empty()) return;
  EntryFacts& entry = entries.back();
  const std::string_view string = is_text ? element.get_string().value_unsafe() : std::string_view();
  if (depth == 3 && name == "fullUrl") entry.full_url = string;
  if (depth < kResourceMemberDepth || !in_resource_) return;
  if (depth == kResourceMemberDepth) {
    entry.members.push_back(name);
    if (name == "resourceType") entry.kind = string;
    if (name == "id") entry.id = string;
  }
  if (depth == kResourceMemberDepth + 2 && name == "id" && path_[3].name == "contained")
    entry.contained.push_back(string);
  if (is_text && name == "reference") {
    const bool is_subject =
        depth == kResourceMemberDepth + 1 && (path_[3].name == "subject" || path_[3].name == "patient");
    entry.references.push_back({string, {path_.begin() + 3, path_.end() - 1}, is_subject});
  }
}

// Puts the members from `first` on in canonical order; their text is all that stands in out_ from `begin` on.
void BundleWalk::reorder(std::size_t first, std::size_t begin) {
  const auto members = written_.begin() + static_cast<std::ptrdiff_t>(first);
  const auto out_of_order = [](const Written& a, const Written& b) {
    return !ledger::json_key_less(a.name, b.name);
  };
  if (std::adjacent_find(members, written_.end(), out_of_order) == written_.end() &&
      std::none_of(members, written_.end(), [](const Written& w) { return w.begin == w.end; }))
    return;
  std::sort(members, written_.end(),
            [](const Written& a, const Written& b) { return ledger::json_key_less(a.name, b.name); });
  const auto same = [](const Written& a, const Written& b) { return a.name == b.name; };
  if (std::adjacent_find(members, written_.end(), same) != written_.end()) refuse("two members of one name");
  scratch_.clear();
  for (auto member = members; member != written_.end(); ++member) {
    if (member->begin == member->end) continue;
    if (!scratch_.empty()) scratch_ += ',';
    scratch_.append(out_, member->begin, member->end - member->begin);
  }
  out_.replace(begin, std::string::npos, scratch_);
}

}  // namespace edge::fhir
