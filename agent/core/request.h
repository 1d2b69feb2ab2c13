// Requests (wire.md, A request): a JWS inside an age file, one per topic message. Checked cheapest first;
// nothing is answered or recorded before the JWS verifies. Pure and thread-safe.
#pragma once

#include <variant>
#include <vector>

#include "agent/core/envelope.h"
#include "agent/core/fhir/prepared.h"

namespace edge {

// The last four read ledgers, ask for a cosignature (ledger_query.h) or for versions of the federation
// document (federation_query.h). Any active member may ask them, without a consent, since ledgers are
// public within the federation; their purpose is kOperationsPurpose and nothing else. They concern no
// patient: nothing about them is anchored, receipted or stored, and a refusal of one is answered with its
// code and logged, but is neither an audit row nor counted in the ledger's `refusals`, which count what was
// refused about patients.
enum class Operation { kPing, kSummary, kEverything, kLedgerRange, kLedgerProof, kCosign, kFederationRange };
std::string_view operation_text(Operation operation);
std::optional<Operation> operation_from_text(std::string_view text);
constexpr bool about_patient(Operation operation) {
  return operation == Operation::kSummary || operation == Operation::kEverything;
}
constexpr bool about_ledger(Operation operation) {
  return operation == Operation::kLedgerRange || operation == Operation::kLedgerProof ||
         operation == Operation::kCosign || operation == Operation::kFederationRange;
}

// Of a patient's identifier, its system and its value each; of a reason in words. Both of at least one byte.
inline constexpr std::size_t kMaxIdentifierBytes = 1024;
inline constexpr std::size_t kMaxReasonBytes = 4096;

// What a request wants of a patient's record.
struct RecordQuery {
  fhir::Identifier patient;             // system may be empty
  std::vector<fhir::Section> sections;  // empty: all
  std::string reason;
};

struct Request {
  Envelope envelope;
  Operation operation = Operation::kPing;
  ledger::TimePoint expires{};
  std::string purpose;   // HL7 PurposeOfUse
  RecordQuery query;     // summary, everything
  std::string params{};  // of the last four: canonical text, as ledger_query.h and federation_query.h have it
};

// The signed text of a request of ours.
std::string sign_request(const Request& request, const LocalIdentity& self);

// A request whose signature, addresses, times and parameters were verified. Made only by verify_request.
class VerifiedRequest {
 public:
  const Request& request() const { return request_; }
  const ledger::Member& sender() const { return sender_; }  // as it was listed then
  std::uint64_t fed() const { return fed_; }                // the federation version it was verified by
  const ledger::Hash& sha256() const { return sha256_; }    // of the JWS: what a repetition must equal

 private:
  VerifiedRequest(Request request, ledger::Member sender, std::uint64_t fed, const ledger::Hash& sha256)
      : request_(std::move(request)), sender_(std::move(sender)), fed_(fed), sha256_(sha256) {}
  friend struct RequestVerifier;
  Request request_;
  ledger::Member sender_;
  std::uint64_t fed_;
  ledger::Hash sha256_;
};

// Not authentic: dropped without an answer. `reason` goes to the log at most.
struct Dropped {
  std::string reason;
  bool unknown_key = false;  // a newer version of the federation document may list it
};
// Authentic but refused: answered with the code.
struct RefusedRequest {
  Envelope envelope;
  const ledger::Member* sender = nullptr;
  ledger::Hash sha256{};
  ledger::TimePoint expires{};
  std::string operation;  // as written, for the audit trail; empty if it could not be read
  std::string purpose;
  Refusal refusal;
  std::optional<RecordQuery> query{};  // if it is about a patient and that much could be read
};

struct RequestPolicy {
  ledger::Address self;
  std::uint64_t fed = 1;
  std::size_t max_bytes = 1 << 20;
  std::chrono::milliseconds max_lifetime{15 * 60'000};
  std::chrono::milliseconds clock_tolerance{60'000};
  ledger::TimePoint
      watermark{};  // requests that expire at or before it are refused even if the clock went back
  RevokedKeys revoked{};
};

// What the topic and the MQTT 5 properties say; only compared with the signed payload.
struct RequestArrival {
  ledger::Address topic_sender;
  std::string topic_id;
  std::string response_topic;  // empty if there was none
};

using VerifyOutcome = std::variant<VerifiedRequest, RefusedRequest, Dropped>;
VerifyOutcome verify_request(std::string_view jws, const RequestArrival& arrival,
                             const ledger::Federation& federation, const RequestPolicy& policy,
                             ledger::TimePoint now);

}  // namespace edge
