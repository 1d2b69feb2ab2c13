#include "agent/core/fhir/audit_report.h"

#include <array>
#include <utility>

#include "agent/core/fhir/section_names.h"
#include "agent/core/fhir/xhtml.h"
#include "agent/core/purpose.h"

namespace edge::fhir {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

constexpr std::string_view kStyle = R"css(
body{font:1rem/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff;max-width:76rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}caption{text-align:left;padding:.5rem 0}
th,td{text-align:left;vertical-align:top;padding:.5rem .75rem;border-bottom:1px solid #999;overflow-wrap:anywhere}
thead th{border-bottom:2px solid #333}tbody th{font-weight:600}small{color:#444}bdi{unicode-bidi:isolate}
td p{margin:0 0 .25rem}code{font-size:.9em}tr.refused td,tr.refused th{background:#f4f4f4}
@media print{body{margin:0;max-width:none;font-size:9.5pt}thead{display:table-header-group}tr{break-inside:avoid}}
)css";

std::string purpose_text(const std::string& code) {
  if (const Purpose* known = find_purpose(code))
    return std::string(known->text) + " <small>(" + std::string(known->code) + ")</small>";
  return code.empty() ? "Not stated" : html_text(code);
}

// Bytes of a UTF-8 sequence at `at` that must not reach a page, or 0: U+0080..9F, U+200E/F, U+2028..202E,
// U+2066..2069, U+061C.
std::size_t steering(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
  };
  if (byte(0) == 0xC2 && byte(1) >= 0x80 && byte(1) <= 0x9F) return 2;
  if (byte(0) == 0xD8 && byte(1) == 0x9C) return 2;
  if (byte(0) != 0xE2) return 0;
  if (byte(1) == 0x80 && (byte(2) == 0x8E || byte(2) == 0x8F || (byte(2) >= 0xA8 && byte(2) <= 0xAE)))
    return 3;
  return byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9 ? 3 : 0;
}

std::string paragraph(const std::string& html) {
  return "<p>" + html + "</p>";
}

// "past-problems vital-signs" as people write it; all sections there are, as one word.
std::string names_text(std::string_view names) {
  std::string out, every;
  for (const auto& [section, name] : kSectionNames) every += (every.empty() ? "" : " ") + std::string(name);
  if (names.starts_with(every)) {
    out = "all";
    names.remove_prefix(every.size());
  }
  for (const char c : names) out += c == ' ' ? std::string(", ") : std::string(1, c == '-' ? ' ' : c);
  return html_text(out);
}

std::string size_text(std::uint64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + " bytes";
  const bool large = bytes >= 1024 * 1024;
  const std::uint64_t tenths = bytes * 10 / (large ? 1024 * 1024 : 1024);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + (large ? " MiB" : " KiB");
}

std::string asked_text(const AuditRecord& record) {
  if (record.operation == "everything") return "the whole record";
  return record.operation == "summary" ? "a patient summary" : html_text(record.operation);
}

std::string who(const AuditRecord& record) {
  std::string peer = record.peer_name.empty() ? "<bdi>" + html_text(record.peer) + "</bdi>"
                                              : "<bdi>" + html_text(record.peer_name) + "</bdi><br><small>" +
                                                    html_text(record.peer) + "</small>";
  if (record.kind != AuditKind::kReceived) return peer;
  return paragraph("This hospital itself, from:") + peer;
}

std::string why(const AuditRecord& record) {
  std::string out = paragraph(purpose_text(record.purpose));
  if (record.break_glass)
    out += paragraph("<strong>Emergency access without a consent (break-glass)</strong>");
  if (!record.said.empty())
    out += paragraph("In their words: \u201C<bdi>" + html_text(record.said) + "</bdi>\u201D");
  return out;
}

std::string refused(const AuditRecord& record) {
  std::string out =
      paragraph("<strong>Nothing: refused</strong>") + paragraph("Asked for: " + asked_text(record));
  if (!record.sections.empty()) out += paragraph("Sections asked for: " + names_text(record.sections));
  std::string reason = html_text(record.reason);
  if (!record.code.empty()) reason += " <small>(told to them: " + html_text(record.code) + ")</small>";
  return out + paragraph("Reason: " + reason);
}

std::string given(const AuditRecord& record) {
  if (record.kind == AuditKind::kRefused) return refused(record);
  std::string what = asked_text(record);
  if (!what.empty() && what.front() == 'a') what.front() = 'A';
  if (!what.empty() && what.front() == 't') what.front() = 'T';
  if (record.bytes) what += ", " + size_text(*record.bytes);
  std::string out = paragraph(what);
  if (!record.sections.empty()) out += paragraph("Sections: " + names_text(record.sections));
  if (!record.withheld.empty()) out += paragraph("Not given: " + names_text(record.withheld));
  if (!record.doubt.empty())
    out += paragraph("<strong>Its signature does not count for sure</strong>: " + html_text(record.doubt));
  if (!record.rule.empty()) out += paragraph("<small>Decided by: " + html_text(record.rule) + "</small>");
  return out;
}

std::string place_text(const char* what, const LedgerPlace& place) {
  return paragraph(what + std::to_string(place.index) + " of <bdi>" + html_text(place.origin) + "</bdi>");
}

std::string places(const AuditRecord& record) {
  std::string out;
  if (record.ledger) out += place_text("Entry ", *record.ledger);
  if (record.ledger && record.break_glass)
    out += place_text("Break-glass: entry ", {record.ledger->origin, *record.break_glass});
  if (record.peer_ledger) out += place_text("At the source: entry ", *record.peer_ledger);
  if (out.empty())
    out = paragraph(record.kind == AuditKind::kRefused ? "None: refusals are only counted" : "None");
  return out + paragraph("<small>Request " + html_text(record.request) + "</small>");
}

}  // namespace

std::string html_text(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (const std::size_t length = steering(text, i); length > 0) {
      out += kReplacement;
      i += length;
      continue;
    }
    if (const auto entity = entity_of(c); !entity.empty())
      out += entity;
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      out += kReplacement;
    else
      out += c;
    ++i;
  }
  return out;
}

std::string report_begin(const ReportHead& head) {
  const char* title = head.patient ? "Who has seen my record?" : "Who was given which record?";
  std::string out =
      std::string(
          "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
          "<meta name=\"viewport\" content=\"width=device-width\">"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
          "'unsafe-inline'\">"
          "<title>") +
      title + "</title><style>" + std::string(kStyle) + "</style></head><body><main>\n<h1>" + title +
      "</h1>\n<p><bdi>" + html_text(head.hospital) + "</bdi> (" + html_text(head.address) + "), " +
      html_text(head.made.local) + " <small>(" + html_text(head.made.utc) + ")</small></p>\n";
  if (head.patient) {
    out += "<p>Patient identifier: <bdi>" + html_text(head.patient->value) + "</bdi>";
    if (!head.patient->system.empty()) out += " <small>(" + html_text(head.patient->system) + ")</small>";
    out += "</p>\n";
  }
  if (!head.limits.empty()) out += "<p>Only " + html_text(head.limits) + ".</p>\n";
  return out + "<table><caption>Every request between this hospital and others for " +
         (head.patient ? "this patient's record" : "patients' records") +
         ", oldest first</caption>"
         "<thead><tr><th scope=\"col\">When</th><th scope=\"col\">Who asked</th><th scope=\"col\">Why</th>"
         "<th scope=\"col\">What was given</th><th scope=\"col\">Ledger entry</th></tr></thead><tbody>\n";
}

std::string report_row(const AuditRecord& record, const ReportTime& time) {
  return std::string(record.kind == AuditKind::kRefused ? "<tr class=\"refused\">" : "<tr>") +
         "<th scope=\"row\">" + html_text(time.local) + "<br><small>" + html_text(time.utc) +
         "</small></th><td>" + who(record) + "</td><td>" + why(record) + "</td><td>" + given(record) +
         "</td><td>" + places(record) + "</td></tr>\n";
}

std::string report_end(std::size_t rows) {
  return "</tbody></table>\n<p>" +
         (rows == 0 ? std::string("No request is on record.")
                    : "Requests on record: " + std::to_string(rows) + ".") +
         "</p>\n<h2>How to check this</h2>\n<p>Before anything is given away, an entry about it is written "
         "to "
         "this hospital's ledger, which nobody can change later and of which every other hospital keeps a "
         "copy. "
         "Whoever has a copy can check that an entry is there and unchanged: <code>ehr-ledger verify</code> "
         "checks the whole ledger, <code>ehr-ledger show LEDGER ENTRY</code> shows one entry. It names the "
         "hospital, the purpose and the request's number as above, and never the patient. Refusals are only "
         "counted there, by hour.</p>\n</main></body></html>\n";
}

}  // namespace edge::fhir
