// Records opened in an emergency (trust.md, Break-glass): kept until a person has reviewed them. Rows are
// written in the transaction of their disclosure; reason and patient lie sealed. Thread-safe.
#pragma once

#include "agent/adapters/patient_vault.h"
#include "agent/core/exchange.h"
#include "ledger-client/core/entry_rules.h"

namespace edge {

struct BreakGlassRow {
  std::uint64_t entry = 0;  // of break-glass.used: what alerts name, and what a review names
  std::string peer, request;
  ledger::TimePoint used{};
  std::string reason;   // as the peer wrote it
  std::string patient;  // canonical {"system","value"}, as the peer asked
  std::optional<ledger::TimePoint> reviewed;
  std::optional<std::uint64_t> review_entry;
  std::string by, note;
};

// The entry and the row of one use, made before the transaction and written in it.
class BreakGlassUse {
 public:
  BreakGlassUse(const Request& request, const PatientVault& vault, const FillRandom& fill_random);
  ledger::NewEntry entry() const;
  // `index` is the entry's.
  void insert(ledger::sqlite::Database& database, std::uint64_t index, ledger::TimePoint now) const;

 private:
  std::string peer_, request_;
  ledger::Bytes sealed_;
  ledger::Salt reason_salt_{}, patient_salt_{};
  ledger::BreakGlassUsed body_;
};

class BreakGlassStore {
 public:
  struct Options {
    std::filesystem::path database;
    std::function<ledger::TimePoint()> now;
    FillRandom fill_random;
  };
  BreakGlassStore(ledger::Journal& journal, const PatientVault& vault, Options options);

  // Newest first; only those nobody has reviewed, or all.
  std::vector<BreakGlassRow> list(bool all);
  std::vector<std::uint64_t> unreviewed();
  // Anchored when it returns. A Refusal if there is no unreviewed use with that entry. `also` runs in the
  // same transaction; what it throws undoes both.
  Outcome<BreakGlassRow> review(std::uint64_t entry, const std::string& by, const std::string& note,
                                const std::function<void(ledger::sqlite::Database&)>& also = {});

 private:
  ledger::Journal& journal_;
  const PatientVault& vault_;
  Options options_;
  SharedReader reader_;
};

}  // namespace edge
