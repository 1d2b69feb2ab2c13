#include "agent/core/fhir/audit_report.h"

#include <array>
#include <utility>

namespace edge::fhir {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

constexpr std::string_view kStyle = R"css(
body{font:1rem/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff;max-width:70rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}caption{text-align:left;padding:.5rem 0}
th,td{text-align:left;vertical-align:top;padding:.5rem .75rem;border-bottom:1px solid #999;overflow-wrap:anywhere}
thead th{border-bottom:2px solid #333}tbody th{font-weight:600}small{color:#444}bdi{unicode-bidi:isolate}
@media print{body{margin:0;max-width:none;font-size:10pt}thead{display:table-header-group}tr{break-inside:avoid}}
)css";

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kPurposes{{
    {"TREAT", "treatment"},
    {"ETREAT", "emergency treatment"},
    {"BTG", "emergency access (break-glass)"},
    {"HPAYMT", "payment"},
    {"HRESCH", "research"},
    {"PATRQT", "at the patient's request"},
}};

std::string purpose_text(const std::string& code) {
  for (const auto& [known, text] : kPurposes)
    if (code == known) return std::string(text);
  return code.empty() ? "not stated" : code;
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

std::string given(const AuditRecord& record) {
  if (record.kind == AuditKind::kRefused) return "Nothing";
  std::string out = record.operation == "everything" ? "The whole record" : "A patient summary";
  if (!record.sections.empty()) out += ", sections: " + html_text(record.sections);
  if (record.bytes) out += " (" + std::to_string(*record.bytes) + " bytes)";
  if (record.break_glass) out += "<br><strong>Emergency access</strong>";
  return out;
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
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
          out += kReplacement;
        else
          out += c;
    }
    ++i;
  }
  return out;
}

std::string report_begin(std::string_view hospital, const ReportTime& made) {
  return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
         "<meta name=\"viewport\" content=\"width=device-width\">"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
         "'unsafe-inline'\">"
         "<title>Who has seen my record?</title><style>" +
         std::string(kStyle) + "</style></head><body><main>\n<h1>Who has seen my record?</h1>\n<p><bdi>" +
         html_text(hospital) + "</bdi>, " + html_text(made.local) + " <small>(" + html_text(made.utc) +
         ")</small></p>\n<table><caption>Requests of other hospitals for this patient's record</caption>"
         "<thead><tr><th scope=\"col\">When</th><th scope=\"col\">Who asked</th><th scope=\"col\">Why</th>"
         "<th scope=\"col\">What was given</th><th scope=\"col\">Ledger entry</th></tr></thead><tbody>\n";
}

std::string report_row(const AuditRecord& record, const ReportTime& time) {
  std::string place = "none";
  if (record.ledger)
    place =
        "<bdi>" + html_text(record.ledger->origin) + "</bdi>, number " + std::to_string(record.ledger->index);
  return "<tr><th scope=\"row\">" + html_text(time.local) + "<br><small>" + html_text(time.utc) +
         "</small></th><td><bdi>" + html_text(record.peer) + "</bdi></td><td>" +
         html_text(purpose_text(record.purpose)) + "</td><td>" + given(record) + "</td><td>" + place +
         "</td></tr>\n";
}

std::string report_end(std::size_t rows) {
  return "</tbody></table>\n<p>" +
         (rows == 0 ? std::string("No request is on record.")
                    : "Requests on record: " + std::to_string(rows) + ".") +
         "</p>\n</main></body></html>\n";
}

}  // namespace edge::fhir
