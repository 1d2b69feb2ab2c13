// The one use case: a verified request becomes an answer (design README, Where data flows). Reads top to
// bottom like the specification. Thread-safe as far as its ports are.
#pragma once

#include <functional>
#include <future>

#include "agent/core/consent.h"
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
  // What the bundle was made by, and how to decide again over the consents of the transaction's own moment.
  std::string patient_key;
  ConsentDecision decision;
  std::function<ConsentDecision(const std::vector<Consent>&)> decide_again;
  std::string signer_kid;  // whose signature is in the bundle
  // Told of the place once it is certain and before it is durable, to prepare the answer. Short, throws
  // nothing.
  std::function<void(const Anchor&)> sealed;
};

// A disclosure on the ledger.
struct Issued {
  std::optional<std::uint64_t> break_glass_entry;  // index of break-glass.used, if the glass was broken
};
// The consents no longer say what the bundle was made by; nothing was committed.
struct ConsentChanged {};
// The key that signed the bundle was rotated or revoked meanwhile; nothing was committed.
struct SignerChanged {};
using IssueOutcome = std::variant<Issued, ConsentChanged, SignerChanged, Refusal>;

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
  // Durable and signed when it returns, and `sealed` was told the place; the request id, the audit row, the
  // salts, a small payload and the entry about a broken glass are in the same transaction, in which the
  // consents are decided over once more. A Refusal (`replayed` for a used id, `failed` for a full disk or an
  // audit row that can't be written) means nothing was committed; after an exception that is not known until
  // a restart.
  virtual IssueOutcome issue(const Disclosure& disclosure) = 0;
};

// Random bytes for salts and identifiers.
using FillRandom = std::function<void(std::span<std::uint8_t>)>;

struct ExchangeSettings {
  LocalIdentity self;
  std::vector<ledger::Bytes> x5c_der;
  std::vector<fhir::SectionRule> rules;
  std::string hospital_name;
  std::string software_version;
  std::size_t max_bundle_bytes = 0;
  PeerGroups groups;
  bool mark_withheld = false;        // say which sections a consent withholds
  bool break_glass_allowed = false;  // ETREAT with a reason stands in for a missing consent
};

// Who signs a bundle, and the certificates that go with it.
struct BundleSigner {
  LocalIdentity self;
  std::vector<ledger::Bytes> x5c_der;
};

struct ExchangePorts {
  RecordSource* records = nullptr;
  Spool* spool = nullptr;
  DisclosureLog* log = nullptr;
  ConsentBook* consents = nullptr;
  std::function<ledger::TimePoint()> now;
  FillRandom fill_random;
  LedgerAnswers* ledgers = nullptr;  // null: nothing about ledgers is supported
  // Texts of versions of the federation document from one on; none: federation-range is not supported.
  std::function<std::vector<std::string>(std::uint64_t from, std::uint64_t count)> federation_versions{};
  // The member's status as it is now; without it, as it was when the request was verified.
  std::function<ledger::MemberStatus(const ledger::Address&)> member_status{};
  // Whether those who must approve that the glass may be broken have; none: nobody need.
  std::function<bool()> break_glass_stands{};
  // Asked anew for each bundle; without it, what the settings say signs for ever.
  std::function<BundleSigner()> bundle_signer{};
  // Begins to make the message of a manifest and what travels inside it: signed, and sealed to its receiver.
  // The arguments may go before it is made. Without it, answers carry none.
  std::function<std::future<ledger::Bytes>(const Manifest&, ledger::ByteView inline_bytes)> seal_manifest{};
  // Key agreements made ahead; without it, each payload makes its own.
  std::function<age::Agreement(const age::Recipient&)> agree{};
};

// An answer ready to be sent.
struct Answer {
  Manifest manifest;
  StoredPayload payload;
  std::optional<std::uint64_t> break_glass_entry{};  // somebody has to be alerted
  std::uint64_t known_fed = 0;                       // the version the asker works by
  // The manifest's message, if it was made while the entry went to the disk.
  std::future<ledger::Bytes> message{};
};
// The same request came again: what was reached so far is to be sent again.
struct Repeated {
  KnownRequest known;
};
// A refusal is to be recorded and answered.
using ExchangeOutcome = std::variant<Answer, Repeated, Refusal>;

// What the local audit trail keeps of a refusal, and nobody else is told.
struct RefusalNote {
  std::string patient_key;  // of the record source; empty if nobody was found
  std::string consents;     // ids of those that decided, separated by a space
};

// An answer that was issued, to be judged again while it is on its way.
struct GivenAnswer {
  std::string purpose;
  SectionSet sections;  // that it holds
  bool reason_given = false;
  std::string patient;            // as the consents name it
  std::vector<Consent> consents;  // in force now
};

class Exchange {
 public:
  Exchange(ExchangeSettings settings, ExchangePorts ports);
  // Throws what the ports throw; Unavailable becomes the refusal `failed`.
  // `note`, if given, is filled for a Refusal about a patient.
  ExchangeOutcome handle(const VerifiedRequest& request, RefusalNote* note = nullptr) const;
  // What handle() would decide on now, for a patient by the record source's key.
  ConsentFacts facts_of(const VerifiedRequest& request, const std::string& patient_key) const;
  // Whether all that was given to the peer may be given now.
  bool still_permits(const ledger::Address& peer, const GivenAnswer& given) const;

 private:
  bool may_break_glass() const;
  ExchangeOutcome answer_versions(const VerifiedRequest& request) const;
  ExchangeOutcome answer_from_ledgers(const VerifiedRequest& request) const;
  ExchangeOutcome unanchored(const VerifiedRequest& request, std::string_view text,
                             std::string_view content_type) const;
  ExchangeOutcome answer_about_patient(const VerifiedRequest& request, RefusalNote& note) const;
  // Nothing if the consents or the signing key changed meanwhile.
  age::Agreement agree(const age::Recipient& recipient) const;
  std::optional<ExchangeOutcome> disclose(const VerifiedRequest& request, const std::string& patient_key,
                                          const ConsentDecision& decision) const;
  Outcome<ledger::Done> signed_bundle_into(const VerifiedRequest& request, const std::string& patient_key,
                                           const ConsentDecision& decision, const BundleSigner& signer,
                                           PayloadSealer& sealer) const;
  Outcome<fhir::AssembleInput> gather(const VerifiedRequest& request, const std::string& patient_key,
                                      const ConsentDecision& decision) const;
  Disclosure prepare_disclosure(const VerifiedRequest& request, const std::string& patient_key,
                                const ConsentDecision& decision) const;
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
