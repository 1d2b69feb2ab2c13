// The one use case: a verified request becomes an answer (design README, Where data flows). Reads top to
// bottom like the specification. Thread-safe as far as its ports are.
#pragma once

#include <functional>

#include "agent/core/admission.h"
#include "agent/core/fhir/document.h"
#include "agent/core/payload.h"
#include "agent/core/ports.h"
#include "agent/core/reply.h"
#include "agent/core/request.h"

namespace edge {

// A sealed payload where it waits for its receipt: small ones in memory until they are in the ledger
// transaction, others in a file of the spool, fsynced.
struct StoredPayload {
  SealedPayload seal;
  ledger::Bytes inline_bytes;  // set if it has at most limits::kInlineBytes
  std::string file;            // else its name in the spool
  ledger::Bytes memory{};      // else, of an answer without anchor: all of it, nowhere but here
};

// Takes ciphertext as it is made. finish() makes it durable; a writer destroyed before leaves nothing behind.
class SpoolWriter {
 public:
  virtual ~SpoolWriter() = default;
  virtual void write(ledger::ByteView ciphertext) = 0;
  virtual void finish(StoredPayload& payload) = 0;
  // What was finished will not be sent after all.
  virtual void discard() = 0;
};

class Spool {
 public:
  virtual ~Spool() = default;
  // Throws Unavailable below the low-water mark of free space.
  virtual std::unique_ptr<SpoolWriter> begin() = 0;
};

// What is committed with a disclosure, in one transaction with its ledger entry.
struct Disclosure {
  const VerifiedRequest* request = nullptr;
  StoredPayload payload;
  std::string content_type;
  ledger::Salt plaintext_salt{}, patient_salt{};
  ledger::Hash plaintext_commitment{}, patient_commitment{};
};

// What was decided about a request before, if anything: the same id must have the same bytes.
struct KnownRequest {
  ledger::Hash sha256{};
  bool issued = false;        // an answer exists
  Code code = Code::kFailed;  // else the refusal
};

class DisclosureLog {
 public:
  virtual ~DisclosureLog() = default;
  virtual std::optional<KnownRequest> known(const ledger::Address& peer, const std::string& id) = 0;
  // Durable and signed when it returns; the request id, the audit row, the salts and a small payload are in
  // the same transaction. A Refusal (`replayed` for a used id, `failed` for a full disk) means nothing was
  // committed; after an exception that is not known until a restart.
  virtual Outcome<Anchor> issue(const Disclosure& disclosure) = 0;
};

// Random bytes for salts and identifiers.
using FillRandom = std::function<void(std::span<std::uint8_t>)>;

struct ExchangeSettings {
  LocalIdentity self;
  std::vector<ledger::Bytes> x5c_der;
  std::vector<Allowance> allowances;
  std::vector<fhir::SectionRule> rules;
  std::string hospital_name;
  std::string software_version;
  std::size_t max_bundle_bytes = 0;
};

struct ExchangePorts {
  RecordSource* records = nullptr;
  Spool* spool = nullptr;
  DisclosureLog* log = nullptr;
  std::function<ledger::TimePoint()> now;
  FillRandom fill_random;
  LedgerAnswers* ledgers = nullptr;  // null: nothing about ledgers is supported
  // Texts of versions of the federation document from one on; none: federation-range is not supported.
  std::function<std::vector<std::string>(std::uint64_t from, std::uint64_t count)> federation_versions{};
};

// An answer ready to be sent.
struct Answer {
  Manifest manifest;
  StoredPayload payload;
};
// The same request came again: what was reached so far is to be sent again.
struct Repeated {
  KnownRequest known;
};
// A refusal is to be recorded and answered. `patient` and `salt` only serve the local audit trail.
using ExchangeOutcome = std::variant<Answer, Repeated, Refusal>;

class Exchange {
 public:
  Exchange(ExchangeSettings settings, ExchangePorts ports);
  // Throws what the ports throw; Unavailable becomes the refusal `failed`.
  ExchangeOutcome handle(const VerifiedRequest& request) const;

 private:
  ExchangeOutcome answer_versions(const VerifiedRequest& request) const;
  ExchangeOutcome answer_from_ledgers(const VerifiedRequest& request) const;
  ExchangeOutcome unanchored(const VerifiedRequest& request, std::string_view text,
                             std::string_view content_type) const;
  ExchangeOutcome disclose(const VerifiedRequest& request, const std::string& patient_key) const;
  Outcome<std::string> signed_bundle_into(const VerifiedRequest& request, const std::string& patient_key,
                                          PayloadSealer& sealer) const;
  Outcome<fhir::AssembleInput> gather(const VerifiedRequest& request, const std::string& patient_key) const;
  void gather_linked(fhir::AssembleInput& input) const;
  Manifest manifest_for(const VerifiedRequest& request, const StoredPayload& payload,
                        std::string content_type) const;

  ExchangeSettings settings_;
  ExchangePorts ports_;
};

// Canonical {"system","value"} of a patient identifier: what the patient commitment is over. Without a system
// the member is left out.
std::string canonical_patient(const fhir::Identifier& identifier);

}  // namespace edge
