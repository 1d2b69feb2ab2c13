// The rules of a document's own resources: Bundle, Composition, Patient (ips-structure: IPS 2.0.0). Pure.
#pragma once

#include <string_view>

#include "agent/core/fhir/bundle_walk.h"

namespace edge::fhir {

// Looks entries up by what references name.
class EntryIndex {
 public:
  explicit EntryIndex(const std::vector<EntryFacts>& entries);
  // The entry a reference of `from` points at; null if none does. Contained resources are not looked up here.
  const EntryFacts* find(std::string_view reference, const EntryFacts& from) const;
  static bool is_contained(std::string_view reference, const EntryFacts& from);

 private:
  std::vector<std::pair<std::string_view, const EntryFacts*>> by_url_;  // sorted
};

// These throw Refused.
void check_bundle_members(const simdjson::dom::object& bundle, bool document);
void check_composition(const simdjson::dom::object& composition, const EntryFacts& facts,
                       const EntryIndex& index);
void check_patient(const simdjson::dom::object& patient, const std::string& place);

}  // namespace edge::fhir
