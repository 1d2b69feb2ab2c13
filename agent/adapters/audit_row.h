// Rows of the table `audit`, written in the transaction of what they are about: of a disclosure and a
// received bundle that of the ledger entry, so that neither is without the other.
#pragma once

#include "agent/adapters/patient_vault.h"
#include "agent/core/consent.h"

namespace edge {

// What went in or out of the patient's hands; made before the transaction.
class AuditSubject {
 public:
  // `key` is the HIS's own for the patient, or empty; `said` the reason in the asker's words, or empty. The
  // vault is borrowed.
  AuditSubject(const PatientVault& vault, const fhir::Identifier& asked, std::string_view key,
               std::string_view said);

 private:
  friend class AuditInsert;
  const PatientVault& vault_;
  std::string identifier_;  // canonical
  std::optional<Pseudonym> patient_;
  Pseudonym asked_{}, asked_value_{};
  ledger::Bytes said_;  // sealed
};

// The pseudonyms of rows, spelled here only.
Pseudonym patient_pseudonym(const PatientVault& vault, std::string_view key);
Pseudonym asked_pseudonym(const PatientVault& vault, const fhir::Identifier& asked);
Pseudonym asked_value_pseudonym(const PatientVault& vault, const fhir::Identifier& asked);

struct AuditRow {
  ledger::TimePoint time{};
  std::string_view peer, request;
  ledger::ByteView sha256;
  std::string_view operation, purpose, outcome;
  std::string_view code{}, reason{};
  std::optional<std::uint64_t> entry_index{};
  // Of the ledger entry; may be empty.
  ledger::ByteView patient_salt{}, patient_commitment{}, plaintext_salt{};
  const AuditSubject* subject = nullptr;  // none: not about a patient
  std::optional<SectionSet> sections{}, withheld{};
  std::string rule{}, consents{};
  std::string_view content_type{};
  std::optional<std::uint64_t> bytes{}, break_glass{};
  std::string_view peer_origin{};
  std::optional<std::uint64_t> peer_index{};
  // Of a received bundle: where it stands in the peer's log (doubt_store.h).
  std::string_view peer_key{};
  std::optional<std::uint64_t> peer_size{};
  ledger::ByteView peer_root{};
};

// The row can't be written; nothing else of the transaction is in doubt. Never thrown when SQLite has ended
// the transaction by itself.
class AuditFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws AuditFailed, or SqliteError where the whole transaction is lost.
void insert_audit(ledger::sqlite::Database& database, const AuditRow& row);

}  // namespace edge
