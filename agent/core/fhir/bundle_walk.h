// The pass over a stranger's Bundle: writes the canonical form (RFC 8785) and, on the way, checks what holds
// everywhere (no duplicate or empty members, depth, narratives) and collects what the document's rules need:
// entries, references and their places. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/core/fhir/document_check.h"

namespace simdjson::dom {
class element;
class object;
class array;
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

struct FoundReference {
  std::string_view target;
  std::vector<Step> path;   // within the resource
  bool is_subject = false;  // `subject` or `patient` of the resource itself
};

// Views into the parsed document.
struct EntryFacts {
  std::string_view full_url, kind, id;
  std::vector<std::string_view> contained;  // ids
  std::vector<std::string_view> members;    // names of the resource's own members
  std::vector<FoundReference> references;
};

// "section[3].entry[0]"
std::string place_text(const std::vector<Step>& path);

class BundleWalk {
 public:
  BundleWalk(std::string& canonical, const CheckLimits& limits) : out_(canonical), limits_(limits) {}
  // Fills `entries`. Throws Refused.
  void bundle(const simdjson::dom::object& root);
  std::vector<EntryFacts> entries;

 private:
  struct Written {
    std::string_view name;
    std::size_t begin, end;
  };

  [[noreturn]] void refuse(const char* rule) const;
  void value(const simdjson::dom::element& value);
  void object(const simdjson::dom::object& object);
  void array(const simdjson::dom::array& array);
  void text(std::string_view text);
  void integer(long long number);
  void member(std::string_view name, const simdjson::dom::element& value);
  void note_member(std::string_view name, const simdjson::dom::element& value);
  void begin_entry();
  void reorder(std::size_t first, std::size_t begin);

  std::string& out_;
  const CheckLimits& limits_;
  std::vector<Step> path_;
  bool in_entries_ = false, in_resource_ = false;
  std::vector<Written> written_;  // of all objects around the reading position, outermost first
  std::string scratch_;
};

}  // namespace edge::fhir
