#include "agent/core/fhir/audit_event.h"

#include <nlohmann/json.hpp>
#include <string_view>

namespace edge::fhir {
namespace {

using nlohmann::json;

constexpr const char* kDicom = "http://dicom.nema.org/resources/ontology/DCM";
constexpr const char* kLifecycle = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle";
constexpr const char* kActReason = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
constexpr const char* kEntityType = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
constexpr const char* kEntityRole = "http://terminology.hl7.org/CodeSystem/object-role";
constexpr const char* kSourceType = "http://terminology.hl7.org/CodeSystem/security-source-type";
constexpr const char* kBalpEntity = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType";
constexpr const char* kProfile = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.";

json coding(const char* system, std::string_view code, std::string_view display) {
  return {{"system", system}, {"code", code}, {"display", display}};
}

std::string_view id_prefix(AuditKind kind) {
  if (kind == AuditKind::kDisclosed) return "disclosed-";
  return kind == AuditKind::kReceived ? "received-" : "refused-";
}

json purpose(const AuditRecord& record) {
  return json::array({{{"coding", json::array({{{"system", kActReason}, {"code", record.purpose}}})}}});
}

json agent(const AuditRecord& record, const std::string& address, json role, bool requestor) {
  json out{{"type", {{"coding", json::array({std::move(role)})}}},
           {"who", {{"identifier", {{"value", address}}}}},
           {"requestor", requestor},
           {"network", {{"address", address}, {"type", "2"}}}};  // 2: an IP address
  if (requestor && !record.purpose.empty()) out["purposeOfUse"] = purpose(record);
  return out;
}

void add_detail(json& entity, const char* type, const std::string& value) {
  if (!value.empty()) entity["detail"].push_back({{"type", type}, {"valueString", value}});
}

json entities(const AuditRecord& record) {
  json out = json::array();
  if (record.patient) {
    json identifier{{"value", record.patient->value}};
    if (!record.patient->system.empty()) identifier["system"] = record.patient->system;
    out.push_back({{"what", {{"identifier", std::move(identifier)}}},
                   {"type", coding(kEntityType, "1", "Person")},
                   {"role", coding(kEntityRole, "1", "Patient")}});
  }
  json transaction{{"what", {{"identifier", {{"value", record.request}}}}},
                   {"type", {{"system", kBalpEntity}, {"code", "XrequestId"}}}};
  add_detail(transaction, "operation", record.operation);
  add_detail(transaction, "code", record.code);
  add_detail(transaction, "content-type", record.content_type);
  if (record.bytes) add_detail(transaction, "bytes", std::to_string(*record.bytes));
  add_detail(transaction, "sections", record.sections);
  add_detail(transaction, "rule", record.rule);
  if (record.break_glass) add_detail(transaction, "break-glass", "true");
  out.push_back(std::move(transaction));
  if (record.ledger) {
    out.push_back({{"what",
                    {{"identifier",
                      {{"system", "urn:ehr-ledger:" + record.ledger->origin},
                       {"value", std::to_string(record.ledger->index)}}}}},
                   {"type", coding(kEntityType, "2", "System Object")},
                   {"role", coding(kEntityRole, "13", "Security Resource")},
                   {"name", "ledger entry"}});
  }
  return out;
}

}  // namespace

std::string audit_event(const AuditRecord& record) {
  const bool received = record.kind == AuditKind::kReceived;
  const bool refused = record.kind == AuditKind::kRefused;
  // The record flows from source to recipient; who asked is the recipient.
  const std::string& source = received ? record.peer : record.self;
  const std::string& recipient = received ? record.self : record.peer;
  json event{{"resourceType", "AuditEvent"},
             {"id", std::string(id_prefix(record.kind)) + std::to_string(record.number)},
             {"meta",
              {{"profile", json::array({std::string(kProfile) + (received ? "PrivacyDisclosure.Recipient"
                                                                          : "PrivacyDisclosure.Source")})}}},
             {"type", received ? coding(kDicom, "110107", "Import") : coding(kDicom, "110106", "Export")},
             {"subtype", json::array({coding(kLifecycle, "disclose", "Disclose Record Lifecycle Event")})},
             {"action", received ? "C" : "R"},
             {"recorded", ledger::format_time(record.time)},
             {"outcome", refused ? "4" : "0"},
             {"agent",
              json::array({agent(record, source, coding(kDicom, "110153", "Source Role ID"), false),
                           agent(record, recipient, coding(kDicom, "110152", "Destination Role ID"), true)})},
             {"source",
              {{"observer", {{"identifier", {{"value", record.self}}}}},
               {"type", json::array({coding(kSourceType, "4", "Application Server")})}}},
             {"entity", entities(record)}};
  if (!record.purpose.empty()) event["purposeOfEvent"] = purpose(record);
  if (refused && !record.reason.empty()) event["outcomeDesc"] = record.reason;
  return event.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace edge::fhir
