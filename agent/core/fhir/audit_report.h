// Who asked for a record, when, why, and what was given, as one self-contained page for people to read and
// print. Pure; one report at a time.
#pragma once

#include "agent/core/fhir/audit_record.h"

namespace edge::fhir {

// A local time as people of the hospital write it, with its zone's name.
struct ReportTime {
  std::string local, utc;
};

struct ReportHead {
  std::string hospital, address;      // whose trail it is
  std::optional<Identifier> patient;  // whose record; none: everybody's
  std::string limits;                 // in words, what else was left out; may be empty
  ReportTime made;
};

// `&<>"'` as references; control characters and those that change the direction of text become U+FFFD.
std::string html_text(std::string_view text);

std::string report_begin(const ReportHead& head);
// One row; of a refusal also the reason, which the peer was not told (trust.md).
std::string report_row(const AuditRecord& record, const ReportTime& time);
std::string report_end(std::size_t rows);

}  // namespace edge::fhir
