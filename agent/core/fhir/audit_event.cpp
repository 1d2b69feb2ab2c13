#include "agent/core/fhir/audit_event.h"

#include <algorithm>
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
  const auto one = [](const std::string& code) {
    return json{{"coding", json::array({{{"system", kActReason}, {"code", code}}})}};
  };
  json out = json::array({one(record.purpose)});
  if (record.break_glass) out.push_back(one("BTG"));
  return out;
}

json agent(const AuditRecord& record, const std::string& address, const std::string& name, json role,
           bool requestor) {
  json out{{"type", {{"coding", json::array({std::move(role)})}}},
           {"who", {{"identifier", {{"value", address}}}}},
           {"requestor", requestor},
           {"network", {{"address", address}, {"type", "2"}}}};  // 2: an IP address
  if (!name.empty()) out["name"] = name;
  if (requestor && !record.purpose.empty()) out["purposeOfUse"] = purpose(record);
  return out;
}

void add_detail(json& entity, const char* type, const std::string& value) {
  if (!value.empty()) entity["detail"].push_back({{"type", type}, {"valueString", value}});
}

json ledger_entity(const LedgerPlace& place, const char* name) {
  return {{"what",
           {{"identifier",
             {{"system", "urn:ehr-ledger:" + place.origin}, {"value", std::to_string(place.index)}}}}},
          {"type", coding(kEntityType, "2", "System Object")},
          {"role", coding(kEntityRole, "13", "Security Resource")},
          {"name", name}};
}

json patient_entity(const Identifier& patient) {
  json identifier{{"value", patient.value}};
  if (!patient.system.empty()) identifier["system"] = patient.system;
  return {{"what", {{"identifier", std::move(identifier)}}},
          {"type", coding(kEntityType, "1", "Person")},
          {"role", coding(kEntityRole, "1", "Patient")}};
}

json transaction_entity(const AuditRecord& record) {
  json out{{"what", {{"identifier", {{"value", record.request}}}}},
           {"type", {{"system", kBalpEntity}, {"code", "XrequestId"}}}};
  add_detail(out, "operation", record.operation);
  add_detail(out, "code", record.code);
  add_detail(out, "reason given", record.said);
  add_detail(out, "rule", record.rule);
  add_detail(out, "signature in doubt", record.doubt);
  return out;
}

// The bundle that went from one to the other, or of a refusal what was asked for.
json data_entity(const AuditRecord& record) {
  json out{{"what", {{"type", "Bundle"}, {"identifier", {{"value", record.request}}}}},
           {"type", coding(kEntityType, "2", "System Object")},
           {"role", coding(kEntityRole, "4", "Domain Resource")}};
  add_detail(out, "content-type", record.content_type);
  if (record.bytes) add_detail(out, "bytes", std::to_string(*record.bytes));
  add_detail(out, record.kind == AuditKind::kRefused ? "sections asked for" : "sections", record.sections);
  add_detail(out, "sections withheld", record.withheld);
  return out;
}

json entities(const AuditRecord& record) {
  json out = json::array();
  if (record.patient) out.push_back(patient_entity(*record.patient));
  out.push_back(transaction_entity(record));
  out.push_back(data_entity(record));
  for (std::size_t at = 0; at < record.consents.size();) {
    const auto end = std::min(record.consents.find(' ', at), record.consents.size());
    out.push_back(
        {{"what", {{"type", "Consent"}, {"identifier", {{"value", record.consents.substr(at, end - at)}}}}},
         {"type", coding(kEntityType, "2", "System Object")},
         {"role", coding(kEntityRole, "13", "Security Resource")}});
    at = end + 1;
  }
  if (record.ledger) out.push_back(ledger_entity(*record.ledger, "ledger entry"));
  if (record.peer_ledger) out.push_back(ledger_entity(*record.peer_ledger, "ledger entry of the source"));
  if (record.ledger && record.break_glass)
    out.push_back(ledger_entity({record.ledger->origin, *record.break_glass}, "ledger entry of break-glass"));
  return out;
}

}  // namespace

std::string audit_event(const AuditRecord& record) {
  const bool received = record.kind == AuditKind::kReceived;
  const bool refused = record.kind == AuditKind::kRefused;
  // The record flows from source to recipient; who asked is the recipient.
  const std::string& source = received ? record.peer : record.self;
  const std::string& recipient = received ? record.self : record.peer;
  const std::string& source_name = received ? record.peer_name : record.self_name;
  const std::string& recipient_name = received ? record.self_name : record.peer_name;
  json event{
      {"resourceType", "AuditEvent"},
      {"id", std::string(id_prefix(record.kind)) + std::to_string(record.number)},
      {"meta",
       {{"profile", json::array({std::string(kProfile) +
                                 (received ? "PrivacyDisclosure.Recipient" : "PrivacyDisclosure.Source")})}}},
      {"type", received ? coding(kDicom, "110107", "Import") : coding(kDicom, "110106", "Export")},
      {"subtype", json::array({coding(kLifecycle, "disclose", "Disclose Record Lifecycle Event")})},
      {"action", received ? "C" : "R"},
      {"recorded", ledger::format_time(record.time)},
      {"outcome", refused ? "4" : "0"},
      {"agent",
       json::array({agent(record, source, source_name, coding(kDicom, "110153", "Source Role ID"), false),
                    agent(record, recipient, recipient_name, coding(kDicom, "110152", "Destination Role ID"),
                          true)})},
      {"source",
       {{"observer", {{"identifier", {{"value", record.self}}}}},
        {"type", json::array({coding(kSourceType, "4", "Application Server")})}}},
      {"entity", entities(record)}};
  if (!record.purpose.empty()) event["purposeOfEvent"] = purpose(record);
  if (refused && !record.reason.empty()) event["outcomeDesc"] = record.reason;
  return event.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace edge::fhir
