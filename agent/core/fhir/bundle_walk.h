// The pass over a stranger's Bundle: writes the canonical form (RFC 8785) and, on the way, checks what holds
// everywhere (no duplicate or empty members, depth, narratives) and collects what the document's rules need:
// entries, references and their places. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/fhir/document_check.h"

namespace simdjson::dom {
class object;
}  // namespace simdjson::dom

namespace edge::fhir {

// Thrown by the check's parts and caught by check_bundle: where, and which rule.
struct Refused {
  std::string place;
  std::string rule;
};

// One step of the path to a value: a member's name, or an index where the name is empty.
struct Step {
  std::string_view name;
  std::size_t index = 0;
};

// A run of one of the lists in BundleFacts.
struct Range {
  std::size_t begin = 0, end = 0;
  template <class Item>
  std::span<const Item> of(const std::vector<Item>& list) const {
    return std::span(list).subspan(begin, end - begin);
  }
};

struct FoundReference {
  std::string_view target;
  Range path;               // in `steps`: within the resource
  bool is_subject = false;  // `subject` or `patient` of the resource itself
};

struct EntryFacts {
  std::string_view full_url, kind, id;
  Range contained;   // in `contained_ids`
  Range members;     // in `member_names`: the resource's own
  Range references;  // in `references`
};

// Views into the parsed document. What entries have of something stands in one list for all of them, because
// a Bundle has tens of thousands of entries and lists of their own would cost an allocation each.
struct BundleFacts {
  std::vector<EntryFacts> entries;
  std::vector<std::string_view> contained_ids, member_names;
  std::vector<FoundReference> references;
  std::vector<Step> steps;
};

// "section[3].entry[0]"
std::string place_text(std::span<const Step> path);

// Writes `canonical` anew. Throws Refused.
BundleFacts walk_bundle(const simdjson::dom::object& root, std::size_t json_bytes, const CheckLimits& limits,
                        std::string& canonical);

}  // namespace edge::fhir
