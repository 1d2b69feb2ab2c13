#include "agent/core/request.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "agent/core/federation_query.h"
#include "agent/core/fhir/section_names.h"
#include "agent/core/ledger_query.h"
#include "agent/core/purpose.h"
#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/sha256.h"
#include "ledger-client/core/topics.h"

namespace edge {

using nlohmann::json;

namespace {

struct OperationName {
  Operation operation;
  std::string_view text;
};
constexpr std::array kOperations{OperationName{Operation::kPing, "ping"},
                                 OperationName{Operation::kSummary, "summary"},
                                 OperationName{Operation::kEverything, "everything"},
                                 OperationName{Operation::kLedgerRange, "ledger-range"},
                                 OperationName{Operation::kLedgerProof, "ledger-proof"},
                                 OperationName{Operation::kCosign, "cosign"},
                                 OperationName{Operation::kFederationRange, "federation-range"}};

bool text_between(const json& value, std::size_t least, std::size_t most) {
  return value.is_string() && value.get_ref<const std::string&>().size() >= least &&
         value.get_ref<const std::string&>().size() <= most;
}

std::optional<fhir::Identifier> read_patient(const json& patient) {
  if (!patient.is_object() || !patient.contains("value") || patient.size() > 2) return std::nullopt;
  if (!text_between(patient["value"], 1, kMaxIdentifierBytes)) return std::nullopt;
  fhir::Identifier identifier{"", patient["value"].get<std::string>()};
  if (patient.size() == 2) {
    if (!patient.contains("system") || !text_between(patient["system"], 1, kMaxIdentifierBytes))
      return std::nullopt;
    identifier.system = patient["system"].get<std::string>();
  }
  return identifier;
}

std::optional<std::vector<fhir::Section>> read_sections(const json& list) {
  if (!list.is_array() || list.empty() || list.size() > fhir::kSectionNames.size()) return std::nullopt;
  std::vector<fhir::Section> sections;
  for (const json& item : list) {
    const auto section =
        item.is_string() ? fhir::section_from_name(item.get_ref<const std::string&>()) : std::nullopt;
    if (!section || std::find(sections.begin(), sections.end(), *section) != sections.end())
      return std::nullopt;
    sections.push_back(*section);
  }
  return sections;
}

std::optional<RecordQuery> read_query(const json& params) {
  if (!params.is_object() || !params.contains("patient")) return std::nullopt;
  RecordQuery query;
  for (const auto& item : params.items()) {
    if (item.key() == "patient") {
      const auto patient = read_patient(item.value());
      if (!patient) return std::nullopt;
      query.patient = *patient;
    } else if (item.key() == "sections") {
      const auto sections = read_sections(item.value());
      if (!sections) return std::nullopt;
      query.sections = *sections;
    } else if (item.key() == "reason") {
      if (!text_between(item.value(), 1, kMaxReasonBytes)) return std::nullopt;
      query.reason = item.value().get<std::string>();
    } else {
      return std::nullopt;
    }
  }
  return query;
}

json query_json(const RecordQuery& query) {
  json patient{{"value", query.patient.value}};
  if (!query.patient.system.empty()) patient["system"] = query.patient.system;
  json params{{"patient", patient}};
  for (const fhir::Section section : query.sections)
    params["sections"].push_back(std::string(fhir::section_name(section)));
  if (!query.reason.empty()) params["reason"] = query.reason;
  return params;
}

// The canonical text of params about ledgers.
ledger::Result<std::string> read_ledger_params(Operation operation, const json& params) {
  const auto encoded = [](const auto& query) {
    return query ? ledger::Result<std::string>(encode_params(*query)) : query.error();
  };
  const std::string text = ledger::canonical_json(params);
  if (operation == Operation::kLedgerRange) return encoded(parse_ledger_range(text));
  if (operation == Operation::kLedgerProof) return encoded(parse_ledger_proof(text));
  if (operation == Operation::kFederationRange) return encoded(parse_federation_range(text));
  return encoded(parse_cosign(text));
}

// Throws for params about ledgers that are no JSON, which is a programming error.
json params_json(const Request& request) {
  if (about_patient(request.operation)) return query_json(request.query);
  return about_ledger(request.operation) ? json::parse(request.params) : json::object();
}

bool is_purpose(const json& value) {
  return value.is_string() && is_purpose_code(value.get_ref<const std::string&>());
}

}  // namespace

std::string_view operation_text(Operation operation) {
  for (const auto& name : kOperations) {
    if (name.operation == operation) return name.text;
  }
  return "";
}

std::optional<Operation> operation_from_text(std::string_view text) {
  for (const auto& name : kOperations) {
    if (name.text == text) return name.operation;
  }
  return std::nullopt;
}

std::string sign_request(const Request& request, const LocalIdentity& self) {
  json payload = envelope_json(request.envelope);
  payload["op"] = std::string(operation_text(request.operation));
  payload["expires"] = ledger::format_time(request.expires);
  payload["purpose"] = request.purpose;
  payload["params"] = params_json(request);
  return sign_jws(*self.signer, self.kid, message_type::kRequest, ledger::canonical_json(payload));
}

// The only maker of VerifiedRequest; the checks stand in the order of wire.md.
struct RequestVerifier {
  const RequestArrival& arrival;
  const RequestPolicy& policy;
  ledger::TimePoint now;
  ledger::Hash sha256;
  const ledger::Member* sender;

  VerifyOutcome run(const std::string& payload) const {
    const auto parsed = ledger::parse_json(payload, {policy.max_bytes, 16});
    if (!parsed) return Dropped{"request: " + parsed.error().reason};
    const json& object = *parsed;
    const auto envelope = read_envelope(object, {"op", "expires", "purpose", "params"});
    if (!envelope) return Dropped{"request: " + envelope.error().reason};
    if (envelope->from != arrival.topic_sender) return Dropped{"request: from differs from the topic"};
    if (envelope->to != policy.self) return Dropped{"request: addressed to somebody else"};
    if (envelope->id != arrival.topic_id) return Dropped{"request: id differs from the topic"};
    return judge(object, *envelope);
  }

 private:
  VerifyOutcome judge(const json& object, const Envelope& envelope) const {
    RefusedRequest refused{envelope, sender, sha256, {}, "", "", {}, {}};
    const auto refuse = [&refused, &object](Code code, std::string reason) {
      refused.refusal = {code, std::move(reason)};
      const auto operation = operation_from_text(refused.operation);
      if (operation && about_patient(*operation)) refused.query = read_query(object["params"]);
      return refused;
    };
    if (text_between(object["op"], 1, 40)) refused.operation = object["op"].get<std::string>();
    if (is_purpose(object["purpose"])) refused.purpose = object["purpose"].get<std::string>();
    const auto expires = object["expires"].is_string()
                             ? ledger::parse_time(object["expires"].get_ref<const std::string&>())
                             : std::nullopt;
    if (!expires) return refuse(Code::kMalformed, "expires is not a time");
    refused.expires = *expires;
    if (const auto late = check_times(envelope, *expires); !late.empty()) return refuse(Code::kExpired, late);
    if (const auto why = check_response_topic(); !why.empty()) return refuse(Code::kMalformed, why);
    if (envelope.fed > policy.fed) return refuse(Code::kUnsupported, "a newer federation version");
    if (sender->status != ledger::MemberStatus::kActive)
      return refuse(Code::kNotAMember, "member is not active");
    return with_parameters(object, envelope, *expires, refuse);
  }

  template <class Refuse>
  VerifyOutcome with_parameters(const json& object, const Envelope& envelope, ledger::TimePoint expires,
                                const Refuse& refuse) const {
    const auto operation = object["op"].is_string()
                               ? operation_from_text(object["op"].get_ref<const std::string&>())
                               : std::nullopt;
    if (!operation) return refuse(Code::kUnsupported, "unknown operation");
    if (!is_purpose(object["purpose"])) return refuse(Code::kMalformed, "purpose is not a PurposeOfUse code");
    Request request{envelope, *operation, expires, object["purpose"].get<std::string>(), {}};
    if (const auto why = read_params(object["params"], request); !why.empty())
      return refuse(Code::kMalformed, why);
    return VerifiedRequest(std::move(request), *sender, policy.fed, sha256);
  }

  // Why they are not valid, or nothing.
  static std::string read_params(const json& params, Request& request) {
    if (about_patient(request.operation)) {
      auto query = read_query(params);
      if (!query) return "params of " + std::string(operation_text(request.operation)) + " are not valid";
      request.query = std::move(*query);
    } else if (about_ledger(request.operation)) {
      if (request.purpose != kOperationsPurpose) return "another purpose than the operation has";
      auto text = read_ledger_params(request.operation, params);
      if (!text) return text.error().reason;
      request.params = std::move(*text);
    } else if (!params.is_object() || !params.empty()) {
      return "ping takes no params";
    }
    return {};
  }

  std::string check_times(const Envelope& envelope, ledger::TimePoint expires) const {
    if (expires <= policy.watermark) return "expires before the watermark of forgotten ids";
    if (expires <= envelope.issued) return "expires before it was issued";
    if (expires - envelope.issued > policy.max_lifetime) return "lives longer than allowed";
    const std::string here = ", and the clock here says " + ledger::format_time(now);
    if (envelope.issued > now + policy.clock_tolerance)
      return "issued in the future, at " + ledger::format_time(envelope.issued) + here;
    if (expires + policy.clock_tolerance <= now) return "expired at " + ledger::format_time(expires) + here;
    return {};
  }

  std::string check_response_topic() const {
    if (arrival.response_topic.empty()) return {};
    const auto expected = ledger::topics::response(policy.self, arrival.topic_sender, arrival.topic_id);
    return arrival.response_topic == expected ? "" : "response topic is not below the sender's own name";
  }
};

VerifyOutcome verify_request(std::string_view jws, const RequestArrival& arrival,
                             const ledger::Federation& federation, const RequestPolicy& policy,
                             ledger::TimePoint now) {
  auto message = authenticate(jws, message_type::kRequest, arrival.topic_sender, federation, now,
                              policy.max_bytes, policy.revoked);
  if (!message) return Dropped{message.error().reason, message.error().reason.starts_with(kUnknownKey)};
  const RequestVerifier verifier{arrival, policy, now, ledger::sha256(jws), message->sender};
  return verifier.run(message->payload);
}

}  // namespace edge
