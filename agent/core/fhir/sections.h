// The sections of an IPS Composition: LOINC code, title, table headings. Pure.
#pragma once

#include <string_view>

#include "agent/core/fhir/prepared.h"

namespace edge::fhir {

struct SectionText {
  Section section;
  std::string_view code;  // LOINC
  std::string_view title;
  std::string_view what, details, date;  // headings; the second column is always the status
  std::string_view nothing;              // what the narrative says when there is no entry
};

// Precondition: not kNone.
const SectionText& section_text(Section section);

}  // namespace edge::fhir
