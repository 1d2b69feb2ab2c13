// The elements of the FHIR R4 (4.0.1) data types and resources this project brings into documents: names,
// cardinalities, types and required codes, written as compact lines (element_table_*.cpp) and read once.
// Thread-safe after first use.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace edge::fhir {

// Codes of a required binding. `system` matters for CodeableConcepts only.
struct ValueSet {
  std::vector<std::string> systems;
  std::vector<std::string> codes;
  bool has_code(std::string_view code) const;
  bool has_coding(std::string_view system, std::string_view code) const;
};

struct ElementType {
  std::string name;    // "dateTime", "CodeableConcept", "Reference", "Patient.contact"
  std::string member;  // the JSON member: "onsetAge" for a choice, else the element's name
  bool primitive = false;
  std::vector<std::string> targets;  // of a Reference; empty: any
};

struct ElementRule {
  std::string name;
  bool required = false;
  bool repeats = false;
  std::vector<ElementType> types;   // more than one: a choice
  const ValueSet* codes = nullptr;  // required binding
};

using TypeRules = std::vector<ElementRule>;

// The rules of a data type, a resource or a backbone element; null if this project has none for it.
const TypeRules* find_type(std::string_view name);

// A resource type that can be part of a document.
bool is_document_kind(std::string_view kind);

}  // namespace edge::fhir
