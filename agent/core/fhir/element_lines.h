// The lines element_table.cpp reads, one type a line: its name, then its elements in FHIR's order. An element
// is its name, its cardinality (? 0..1, ! 1..1, * 0..*, + 1..*), "[x]" if its JSON name carries the type,
// ':', its types separated by '|' (a Reference with its targets), and '#' with a value set if its codes are a
// required binding. What every element or resource has (id, extension, meta, …) is not repeated.
#pragma once

#include <string_view>

namespace edge::fhir {

extern const std::string_view kValueSetLines;
extern const std::string_view kDataTypeLines;
extern const std::string_view kClinicalLines;
extern const std::string_view kOtherResourceLines;

}  // namespace edge::fhir
