#include "agent/core/fhir/audit_record.h"

#include <array>
#include <nlohmann/json.hpp>

namespace edge::fhir {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 3> kKinds{"disclosed", "received", "refused"};

struct TextMember {
  const char* name;
  std::string AuditRecord::*member;
};
constexpr std::array<TextMember, 16> kTexts{{{"self", &AuditRecord::self},
                                             {"peer", &AuditRecord::peer},
                                             {"self_name", &AuditRecord::self_name},
                                             {"peer_name", &AuditRecord::peer_name},
                                             {"request", &AuditRecord::request},
                                             {"operation", &AuditRecord::operation},
                                             {"purpose", &AuditRecord::purpose},
                                             {"said", &AuditRecord::said},
                                             {"code", &AuditRecord::code},
                                             {"reason", &AuditRecord::reason},
                                             {"content_type", &AuditRecord::content_type},
                                             {"sections", &AuditRecord::sections},
                                             {"withheld", &AuditRecord::withheld},
                                             {"rule", &AuditRecord::rule},
                                             {"consents", &AuditRecord::consents},
                                             {"doubt", &AuditRecord::doubt}}};

// Throws json::exception for what is no whole number: a float may be none that fits.
template <class Number>
Number whole(const json& value) {
  if (!value.is_number_integer()) throw json::type_error::create(302, "no whole number", &value);
  return value.get<Number>();
}

void put_place(json& out, const char* name, const std::optional<LedgerPlace>& place) {
  if (place) out[name] = {{"origin", place->origin}, {"index", place->index}};
}

std::optional<LedgerPlace> place_of(const json& record, const char* name) {
  if (!record.contains(name)) return std::nullopt;
  const json& place = record.at(name);
  return LedgerPlace{place.at("origin").get<std::string>(), whole<std::uint64_t>(place.at("index"))};
}

std::optional<AuditRecord> record_of(const json& in) {
  AuditRecord out;
  const auto kind = audit_kind_from_text(in.at("outcome").get_ref<const std::string&>());
  const auto time = ledger::parse_time(in.at("time").get_ref<const std::string&>());
  if (!kind || !time) return std::nullopt;
  out.kind = *kind;
  out.time = *time;
  out.number = whole<std::int64_t>(in.at("number"));
  for (const auto& text : kTexts) out.*text.member = in.value(text.name, "");
  out.ledger = place_of(in, "ledger");
  out.peer_ledger = place_of(in, "peer_ledger");
  if (in.contains("patient"))
    out.patient = Identifier{in.at("patient").value("system", ""), in.at("patient").value("value", "")};
  if (in.contains("bytes")) out.bytes = whole<std::uint64_t>(in.at("bytes"));
  if (in.contains("break_glass")) out.break_glass = whole<std::uint64_t>(in.at("break_glass"));
  return out;
}

}  // namespace

std::string_view audit_kind_text(AuditKind kind) {
  return kKinds.at(static_cast<std::size_t>(kind));
}

std::optional<AuditKind> audit_kind_from_text(std::string_view text) {
  for (std::size_t i = 0; i < kKinds.size(); ++i)
    if (kKinds.at(i) == text) return static_cast<AuditKind>(i);
  return std::nullopt;
}

std::string write_record(const AuditRecord& record) {
  json out{{"outcome", audit_kind_text(record.kind)},
           {"number", record.number},
           {"time", ledger::format_time(record.time)}};
  for (const auto& text : kTexts)
    if (!(record.*text.member).empty()) out[text.name] = record.*text.member;
  put_place(out, "ledger", record.ledger);
  put_place(out, "peer_ledger", record.peer_ledger);
  if (record.patient) {
    out["patient"] = {{"value", record.patient->value}};
    if (!record.patient->system.empty()) out["patient"]["system"] = record.patient->system;
  }
  if (record.bytes) out["bytes"] = *record.bytes;
  if (record.break_glass) out["break_glass"] = *record.break_glass;
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<AuditRecord> read_record(std::string_view line) {
  const json parsed = json::parse(line, nullptr, false);
  if (!parsed.is_object()) return std::nullopt;
  try {
    return record_of(parsed);
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

}  // namespace edge::fhir
