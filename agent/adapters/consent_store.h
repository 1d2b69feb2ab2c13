// Consents in agent.db: granted, revoked and forgotten through the journal, each in one transaction with its
// ledger entry, and read again inside the transaction of a disclosure. Thread-safe.
#pragma once

#include <atomic>

#include "agent/adapters/patient_vault.h"
#include "agent/core/consent.h"
#include "agent/core/fhir/consent_form.h"
#include "agent/core/outcome.h"
#include "agent/core/ports.h"
#include "ledger-client/core/commitment.h"

namespace edge {

// Where a consent came from: made here, a file somebody imported, records of the HIS.
namespace consent_source {
inline constexpr std::string_view kGranted = "granted", kFile = "file", kHis = "his";
}

// A consent to be kept. `document` is the canonical FHIR Consent, which the commitment is over.
struct NewConsent {
  std::string document;
  std::vector<ConsentRule> rules;
  std::optional<std::string> patient_key;  // of the HIS; none: any patient
  std::string patient;                     // canonical {"system","value"}, or ledger::kAnyPatient
  std::string source;                      // one of consent_source
  std::string attested;                    // "hospital" or "patient"
  std::string signature;                   // detached JWS over `document`
  std::string signer;                      // kid, or the patient's key
  std::string source_key;                  // of a HIS: which resource it is; else empty
  std::string remark;                      // shown in lists: why it is not what was written; no values
};

enum class ConsentState { kActive = 0, kRevoked = 1, kForgotten = 2 };

struct ConsentRow {
  std::string id;
  ConsentState state = ConsentState::kActive;
  bool any_patient = false;
  std::vector<ConsentRule> rules;
  std::string source, attested, remark;
  ledger::TimePoint granted{};
  std::uint64_t granted_entry = 0;
  std::optional<ledger::TimePoint> revoked;
  std::optional<std::uint64_t> revoked_entry;
};

// What a sealed row holds: what was said about whom, and who signed it.
struct ConsentText {
  std::string document, patient, signature, signer;
};

class ConsentStore : public ConsentBook {
 public:
  struct Options {
    std::filesystem::path database;
    std::function<ledger::TimePoint()> now;
    std::function<void(std::span<std::uint8_t>)> fill_random;
  };
  ConsentStore(ledger::Journal& journal, const PatientVault& vault, Options options);

  std::vector<Consent> consents_of(const std::string& patient_key) override;
  // All in force. Who a consent is about is told apart, but not named as elsewhere.
  std::vector<Consent> all();
  // Those of one patient on a connection the caller holds, inside its transaction.
  std::vector<Consent> read(ledger::sqlite::Database& database, const std::string& patient_key) const;
  // The same by the name that rows of this database give a patient; the consents name it `patient`.
  Pseudonym name_of(const std::string& patient_key) const;
  static std::vector<Consent> read_named(ledger::sqlite::Database& database, ledger::ByteView name,
                                         const std::string& patient);
  // Counts grants and revocations since the start: what was decided before a change may be decided otherwise.
  std::uint64_t changes() const { return changes_; }

  // Anchored, and in force, when it returns. The same document that is in force already gives its row again.
  Outcome<ConsentRow> grant(const NewConsent& consent);
  // A Refusal (malformed) if there is no such consent in force.
  Outcome<ConsentRow> revoke(const std::string& id);
  // Deletes salts, pseudonyms and texts of a revoked consent, also from the WAL; `failed` if a reader is in
  // the way of the latter (then again).
  Outcome<ConsentRow> forget(const std::string& id);

  std::optional<ConsentRow> find(const std::string& id);
  // All, newest first; with a key those about that patient, and those about any.
  std::vector<ConsentRow> list(const std::optional<std::string>& patient_key);
  std::optional<ConsentText> text(const std::string& id);
  // What became of a resource of the HIS before: whether this very text was taken over last (or forgotten),
  // and which consent in force came from an earlier text.
  struct FromSource {
    bool same = false;
    std::string active;  // id, or empty
  };
  FromSource from_source(const std::string& source_key, const std::string& document);

 private:
  ledger::Salt fresh_salt() const;
  Pseudonym content_tag(const NewConsent& consent) const;

  ledger::Journal& journal_;
  const PatientVault& vault_;
  Options options_;
  SharedReader reader_;
  std::atomic<std::uint64_t> changes_{1};
};

}  // namespace edge
