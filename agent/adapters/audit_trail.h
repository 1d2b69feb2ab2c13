// The audit trail read and pruned: who was given or refused what, and whose record it was. Thread-safe.
#pragma once

#include <atomic>

#include "agent/adapters/audit_row.h"
#include "agent/core/fhir/audit_record.h"

namespace edge {

// A patient as whoever asks for a report names them, and all that the HIS knows them by.
struct AuditPatient {
  fhir::Identifier named;
  std::string key;  // of the HIS; empty if it knows nobody by that name
  std::vector<fhir::Identifier> identifiers;
};

struct AuditFilter {
  std::string peer;                               // address; empty: every peer
  std::optional<ledger::TimePoint> since, until;  // until: exclusive
};

struct AuditPruned {
  std::uint64_t rows = 0, salts = 0, patients = 0, break_glass = 0;
  std::uint64_t kept = 0;     // older ones that stay: a broken glass nobody has reviewed
  bool wal_truncated = true;  // false: a reader is in the way, the next pruning does it
};

class AuditTrail {
 public:
  struct Options {
    std::filesystem::path database;
    std::string self, origin;  // address, and the own log's name
  };
  AuditTrail(ledger::Journal& journal, const PatientVault& vault, Options options);

  // The rows about a patient, ascending: found by the HIS's key, else by the identifier as it was asked for.
  // One asked for by value alone, of whom the HIS knows nobody else, is taken for this patient. Nothing if
  // `named` is a value alone that was asked for with several systems, so that it does not say who is meant.
  std::optional<std::vector<std::int64_t>> rows_of(const AuditPatient& patient);

  // At most `limit` rows above `after`, ascending; with `only`, an ascending list, of those alone.
  std::vector<fhir::AuditRecord> page(const AuditFilter& filter, std::int64_t after, std::size_t limit,
                                      const std::vector<std::int64_t>* only = nullptr);

  // Deletes rows from before `time`, their salts, what names their patients, and reviewed uses of
  // break-glass, also from the write-ahead log. `dry_run` only counts.
  AuditPruned prune(ledger::TimePoint time, bool dry_run);

 private:
  fhir::AuditRecord record_of(const ledger::sqlite::Statement& row) const;
  AuditPruned count(ledger::TimePoint time);
  bool truncate_wal();

  ledger::Journal& journal_;
  const PatientVault& vault_;
  Options options_;
  SharedReader reader_;
  std::atomic<bool> wal_dirty_{true};  // a former process may have been stopped in between
};

}  // namespace edge
