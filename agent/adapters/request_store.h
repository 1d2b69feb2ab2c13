// The asking side of agent.db: own requests, from the first publish to the bundle in the inbox. Changes go
// through the journal's writer thread. Thread-safe.
#pragma once

#include "agent/adapters/patient_vault.h"
#include "agent/core/age/age.h"
#include "agent/core/request.h"
#include "ledger-client/core/checkpoint.h"

namespace edge {

enum class OutgoingState {
  kSent = 0,
  kReceiving = 1,
  kReceived = 2,
  kRefused = 3,
  kFailed = 4,
  kDropped = 5
};
std::string_view outgoing_state_text(OutgoingState state);

struct Outgoing {
  std::string id;
  ledger::Address peer;
  OutgoingState state = OutgoingState::kSent;
  Operation operation = Operation::kSummary;
  std::string purpose;
  ledger::Bytes message;  // the identical bytes of every publish
  ledger::Hash sha256{};  // of the request's JWS
  ledger::Bytes patient;  // age file to ourselves of the canonical identifier: what the answer must be about
  ledger::TimePoint issued{}, expires{};
  std::string code, reason;
  std::string manifest;  // JWS, once accepted
  std::string receipt;   // JWS, once the bundle was verified
  std::uint64_t plaintext_size = 0;
  ledger::Bytes payload;  // the ciphertext of a small answer
};

// What is committed when an answer has been verified.
struct Received {
  std::string manifest, receipt;
  ledger::Bytes inline_payload;
  std::uint64_t plaintext_size = 0;
  ledger::Hash ciphertext_sha256{};
  std::optional<std::uint64_t> issued_index;  // none for answers that are not anchored
  std::string issued_origin;                  // of the log that index is in
  fhir::Identifier patient;                   // as asked for
  std::string content_type;
  std::string key_id;       // that signed the bundle
  ledger::Checkpoint tree;  // of the log, which the entry was shown to be in
  std::string suspect;      // why the signature is to be doubted; empty in good order
};

class RequestStore {
 public:
  RequestStore(ledger::Journal& journal, const PatientVault& vault, const std::filesystem::path& database,
               std::function<ledger::TimePoint()> now);

  // Hands the row to the writer without waiting. `patient`, the sealed identifier, stands in for the row's
  // own and may be made until it is written.
  std::future<ledger::Journal::Answer> insert(const Outgoing& request,
                                              std::shared_future<ledger::Bytes> patient);
  void manifest_accepted(const std::string& id, const std::string& manifest);
  // Appends bundle.received with the row, the audit row, inbox payload and receipt in one transaction. Throws
  // AuditFailed if it can't be recorded; nothing of it is then.
  ledger::Journal::Answer received(const Outgoing& request, const Received& received);
  void ended(const std::string& id, OutgoingState state, std::string_view code, const std::string& reason);
  // Sends a failed request's row back to `sent`; false if there is none that may.
  bool reopen(const std::string& id);

  // Open requests, or with `only_open` false the failed ones too.
  std::vector<Outgoing> list(bool only_open);
  // Deletes requests that ended before `time`; returns their ids, for their inbox folders.
  std::vector<std::string> forget_before(ledger::TimePoint time);
  std::optional<Outgoing> find(const std::string& id);

 private:
  ledger::Journal& journal_;
  const PatientVault& vault_;
  std::function<ledger::TimePoint()> now_;
  SharedReader reader_;
};

}  // namespace edge
