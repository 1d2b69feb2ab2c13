#include "agent/adapters/audit_row.h"

#include "agent/core/exchange.h"

namespace edge {

using ledger::sqlite::Database;
using ledger::sqlite::Statement;

Pseudonym patient_pseudonym(const PatientVault& vault, std::string_view key) {
  return vault.pseudonym("audit-patient", key);
}

Pseudonym asked_pseudonym(const PatientVault& vault, const fhir::Identifier& asked) {
  return vault.pseudonym("audit-asked", canonical_patient(asked));
}

Pseudonym asked_value_pseudonym(const PatientVault& vault, const fhir::Identifier& asked) {
  return vault.pseudonym("audit-asked-value", asked.value);
}

AuditSubject::AuditSubject(const PatientVault& vault, const fhir::Identifier& asked, std::string_view key,
                           std::string_view said)
    : vault_(vault),
      identifier_(canonical_patient(asked)),
      asked_(asked_pseudonym(vault, asked)),
      asked_value_(asked_value_pseudonym(vault, asked)) {
  if (!key.empty()) patient_ = patient_pseudonym(vault, key);
  if (!said.empty()) said_ = vault.seal(said);
}

class AuditInsert {
 public:
  AuditInsert(Database& database, const AuditRow& row) : database_(database), row_(row) {}

  void run() {
    if (row_.subject != nullptr) keep_identifier();
    Statement& insert = database_.cached(
        "INSERT INTO audit(time, peer, request, sha256, operation, purpose, outcome, code, reason, "
        "entry_index, patient_salt, patient_commitment, patient, asked, asked_value, said, sections, "
        "withheld, "
        "rule, consents, content_type, bytes, break_glass, peer_origin, peer_index, peer_key, peer_size, "
        "peer_root, plaintext_salt) VALUES(?1, ?2, ?3, ?4, "
        "?5, "
        "?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, "
        "?26, ?27, ?28, ?29)");
    insert.bind(1, to_integer(row_.time)).bind(2, row_.peer).bind(3, row_.request).bind(4, row_.sha256);
    insert.bind(5, row_.operation).bind(6, row_.purpose).bind(7, row_.outcome);
    insert.bind(8, row_.code).bind(9, row_.reason);
    bind(insert, 10, row_.entry_index);
    bind(insert, 11, row_.patient_salt);
    bind(insert, 12, row_.patient_commitment);
    bind_subject(insert);
    bind(insert, 17, row_.sections);
    bind(insert, 18, row_.withheld);
    insert.bind(19, row_.rule).bind(20, row_.consents).bind(21, row_.content_type);
    bind(insert, 22, row_.bytes);
    bind(insert, 23, row_.break_glass);
    insert.bind(24, row_.peer_origin);
    bind(insert, 25, row_.peer_index);
    insert.bind(26, row_.peer_key);
    bind(insert, 27, row_.peer_size);
    bind(insert, 28, row_.peer_root);
    bind(insert, 29, row_.plaintext_salt);
    insert.run();
  }

 private:
  static void bind(Statement& statement, int at, const std::optional<std::uint64_t>& value) {
    value ? statement.bind(at, static_cast<std::int64_t>(*value)) : statement.bind(at, std::nullopt);
  }
  static void bind(Statement& statement, int at, const std::optional<SectionSet>& value) {
    value ? statement.bind(at, value->bits()) : statement.bind(at, std::nullopt);
  }
  static void bind(Statement& statement, int at, ledger::ByteView value) {
    value.empty() ? statement.bind(at, std::nullopt) : statement.bind(at, value);
  }

  void bind_subject(Statement& insert) const {
    const AuditSubject* subject = row_.subject;
    bind(insert, 13,
         subject && subject->patient_ ? ledger::ByteView(*subject->patient_) : ledger::ByteView());
    bind(insert, 14, subject ? ledger::ByteView(subject->asked_) : ledger::ByteView());
    bind(insert, 15, subject ? ledger::ByteView(subject->asked_value_) : ledger::ByteView());
    bind(insert, 16, subject ? ledger::ByteView(subject->said_) : ledger::ByteView());
  }

  // Sealing costs a key exchange, so an identifier that is here already is not sealed again.
  void keep_identifier() {
    const AuditSubject& subject = *row_.subject;
    Statement& select = database_.cached("SELECT 1 FROM audit_patient WHERE asked = ?1");
    select.bind(1, ledger::ByteView(subject.asked_));
    const bool here = select.step();
    select.reset();
    if (here) return;
    const ledger::Bytes sealed = subject.vault_.seal(subject.identifier_);
    database_.cached("INSERT INTO audit_patient(asked, sealed) VALUES(?1, ?2)")
        .bind(1, ledger::ByteView(subject.asked_))
        .bind(2, ledger::ByteView(sealed))
        .run();
  }

  Database& database_;
  const AuditRow& row_;
};

void insert_audit(Database& database, const AuditRow& row) {
  try {
    AuditInsert(database, row).run();
  } catch (const ledger::sqlite::SqliteError& error) {
    if (!database.in_transaction() || error.disk_full()) throw;
    throw AuditFailed(std::string("the audit trail can't be written: ") + error.what());
  }
}

}  // namespace edge
