// A patient's report of who asked for their record, as one self-contained page. Pure; one report at a time.
#pragma once

#include "agent/core/fhir/audit_event.h"

namespace edge::fhir {

// A local time as people of the hospital write it, with its zone's name.
struct ReportTime {
  std::string local, utc;
};

// `&<>"'` as references; control characters and those that change the direction of text become U+FFFD.
std::string html_text(std::string_view text);

std::string report_begin(std::string_view hospital, const ReportTime& made);
// One row. A refusal says only that nothing was given: reasons of refusals are for the hospital (trust.md).
std::string report_row(const AuditRecord& record, const ReportTime& time);
std::string report_end(std::size_t rows);

}  // namespace edge::fhir
