#include "ledger-client/core/alert.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "ledger-client/core/canonical_scan.h"
#include "ledger-client/core/origin.h"
#include "ledger-client/core/utf8.h"

namespace ledger {

namespace {

constexpr std::size_t kMaxDepth = 4;

// In the order of the enumeration.
constexpr std::array<std::string_view, 13> kCodes{"equivocation",
                                                  "rollback",
                                                  "stale",
                                                  "fresh",
                                                  "break-glass",
                                                  "failed-audit",
                                                  "frozen",
                                                  "recovered",
                                                  "federation-forged",
                                                  "federation-forked",
                                                  "federation-rolled-back",
                                                  "federation-withheld",
                                                  "bundles-in-doubt"};

Problem problem(std::string_view reason) {
  return Problem{"alert: " + std::string{reason}};
}

std::optional<AlertCode> parse_code(std::string_view text) {
  const auto* const found = std::find(kCodes.begin(), kCodes.end(), text);
  if (found == kCodes.end()) return std::nullopt;
  return static_cast<AlertCode>(found - kCodes.begin());
}

// The optional members before `time`, in canonical order.
std::optional<Problem> scan_optional(CanonicalScan& scan, Alert& alert) {
  if (scan.literal(",\"evidence\":")) {
    const auto text = scan.object(kMaxDepth);
    if (!text) return problem("the evidence is no canonical object");
    auto evidence = parse_equivocation(*text);
    if (!evidence) return evidence.error();
    alert.evidence = std::move(evidence.value());
  }
  if (scan.literal(",\"index\":")) {
    alert.index = scan.integer();
    if (!alert.index) return problem("the index is not an integer up to 2^53");
  }
  if (scan.literal(",\"origin\":")) {
    const auto origin = scan.plain_string();
    if (!origin || !has_origin_form(*origin)) return problem("the origin is not of the form ehr/<address>");
    alert.origin = *origin;
  }
  return std::nullopt;
}

}  // namespace

std::string_view alert_code_text(AlertCode code) {
  return kCodes.at(static_cast<std::size_t>(code));
}

std::string encode_alert(const Alert& alert) {
  std::string json = "{\"code\":\"";
  json.append(alert_code_text(alert.code)).append("\"");
  if (alert.evidence) json.append(",\"evidence\":").append(encode_equivocation(*alert.evidence));
  if (alert.index) json.append(",\"index\":").append(std::to_string(*alert.index));
  if (alert.origin) json.append(",\"origin\":\"").append(*alert.origin).append("\"");
  json.append(",\"time\":\"").append(format_time(alert.time)).append("\"}");
  if (const auto read = parse_alert(json); !read) throw std::invalid_argument(read.error().reason);
  return json;
}

Result<Alert> parse_alert(std::string_view message) {
  if (message.size() > kMaxAlertBytes) return problem("too large");
  if (!is_utf8(message)) return problem("not UTF-8");
  CanonicalScan scan(message);
  Alert alert;
  const auto code_text = scan.literal("{\"code\":") ? scan.plain_string() : std::nullopt;
  const auto code = code_text ? parse_code(*code_text) : std::nullopt;
  if (!code) return problem("the code is none of those known");
  alert.code = *code;
  if (auto broken = scan_optional(scan, alert)) return std::move(*broken);
  const auto time_text = scan.literal(",\"time\":") ? scan.plain_string() : std::nullopt;
  const auto time = time_text ? parse_time(*time_text) : std::nullopt;
  if (!time) return problem("the time is missing, or an unknown member is there");
  alert.time = *time;
  if (!scan.literal("}") || !scan.at_end()) return problem("an unknown member is there");
  if (alert.evidence.has_value() != (alert.code == AlertCode::kEquivocation))
    return problem("evidence belongs to equivocation, and only there");
  if (alert.evidence && alert.origin != accused_origin(*alert.evidence))
    return problem("the origin is not the log that the notes accuse");
  return alert;
}

}  // namespace ledger
