// The rules of a document's own resources: Bundle, Composition, Patient (ips-structure: IPS 2.0.0). Pure.
#pragma once

#include <string_view>

#include "agent/core/fhir/bundle_walk.h"

namespace edge::fhir {

// Looks entries up by what references name.
class EntryIndex {
 public:
  // Throws Refused if two entries have one fullUrl. `facts` outlives the index.
  explicit EntryIndex(const BundleFacts& facts);
  // The entry a reference of `from` points at; null if none does. Contained resources are not looked up here.
  const EntryFacts* find(std::string_view reference, const EntryFacts& from) const;
  bool is_contained(std::string_view reference, const EntryFacts& from) const;

 private:
  struct Known {
    std::size_t hash;
    std::string_view url;
    const EntryFacts* entry;
  };
  static bool comes_before(const Known& a, const Known& b);

  const BundleFacts& facts_;
  std::vector<Known> known_;  // sorted by hash and URL: no choice of URLs makes a look-up slow
};

// These throw Refused.
void check_bundle_members(const simdjson::dom::object& bundle, bool document);
void check_composition(const simdjson::dom::object& composition, const EntryFacts& facts,
                       const EntryIndex& index);
void check_patient(const simdjson::dom::object& patient, const std::string& place);

}  // namespace edge::fhir
