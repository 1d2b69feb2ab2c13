#include "agent/adapters/audit_trail.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/adapters/doubt_store.h"
#include "agent/core/exchange.h"
#include "agent/core/fhir/section_names.h"
#include "ledger-client/core/commitment.h"

namespace edge {

using ledger::sqlite::Database;
using ledger::sqlite::Statement;

namespace {

constexpr std::string_view kColumns =
    "SELECT audit.number, time, peer, request, operation, purpose, outcome, code, audit.reason, entry_index, "
    "said, "
    "sections, withheld, rule, consents, content_type, bytes, break_glass, peer_origin, peer_index, "
    "p.sealed, "
    "d.refused, d.reason FROM audit LEFT JOIN audit_patient AS p ON p.asked = audit.asked LEFT JOIN doubt AS "
    "d "
    "ON d.number = audit.number";

std::optional<std::uint64_t> number_of(const Statement& row, int column) {
  if (row.column_null(column)) return std::nullopt;
  return static_cast<std::uint64_t>(row.column_int(column));
}

std::string names_of(const Statement& row, int column) {
  std::string out;
  if (row.column_null(column)) return out;
  for (const fhir::Section section : SectionSet::from_bits(row.column_int(column)).list()) {
    if (section == fhir::Section::kNone) continue;
    out += (out.empty() ? "" : " ") + std::string(fhir::section_name(section));
  }
  if (SectionSet::from_bits(row.column_int(column)).contains(fhir::Section::kNone))
    out += (out.empty() ? "" : " ") + std::string(fhir::kOtherRecords);
  return out;
}

std::vector<std::int64_t> numbers(Statement& select) {
  std::vector<std::int64_t> out;
  while (select.step()) out.push_back(select.column_int(0));
  return out;
}

void insert_all(std::set<std::int64_t>& into, const std::vector<std::int64_t>& from) {
  into.insert(from.begin(), from.end());
}

// Rows older than the pseudonyms: each holds a commitment to the identifier its peer asked for.
std::vector<std::int64_t> unnamed_rows(Database& database, const std::vector<fhir::Identifier>& identifiers) {
  std::vector<std::int64_t> out;
  Statement& select = database.cached(
      "SELECT number, patient_salt, patient_commitment FROM audit WHERE asked IS NULL AND patient_salt IS "
      "NOT "
      "NULL");
  while (select.step()) {
    const ledger::Bytes salt_bytes = ledger::to_bytes(select.column_blob(1));
    const ledger::Bytes commitment = ledger::to_bytes(select.column_blob(2));
    ledger::Salt salt{};
    if (salt_bytes.size() != salt.size()) continue;
    std::copy(salt_bytes.begin(), salt_bytes.end(), salt.begin());
    const bool fits = std::any_of(identifiers.begin(), identifiers.end(), [&](const auto& identifier) {
      const auto made =
          ledger::commitment(salt, ledger::kCommitPatient, ledger::as_bytes(canonical_patient(identifier)));
      return std::equal(made.begin(), made.end(), commitment.begin(), commitment.end());
    });
    if (fits) out.push_back(select.column_int(0));
  }
  return out;
}

std::vector<fhir::Identifier> with_values_alone(const AuditPatient& patient) {
  std::vector<fhir::Identifier> out{patient.named};
  out.insert(out.end(), patient.identifiers.begin(), patient.identifiers.end());
  for (std::size_t i = 0, end = out.size(); i < end; ++i)
    if (!out[i].system.empty()) out.push_back({"", out[i].value});
  return out;
}

}  // namespace

AuditTrail::AuditTrail(ledger::Journal& journal, const PatientVault& vault, Options options)
    : journal_(journal), vault_(vault), options_(std::move(options)), reader_(options_.database) {}

std::optional<std::vector<std::int64_t>> AuditTrail::rows_of(const AuditPatient& patient) {
  const Pseudonym key = patient_pseudonym(vault_, patient.key);
  const auto identifiers = with_values_alone(patient);
  return reader_.with([&](Database& database) -> std::optional<std::vector<std::int64_t>> {
    std::set<std::int64_t> found;
    if (!patient.key.empty()) {
      Statement& by_key = database.cached("SELECT number FROM audit WHERE patient = ?1");
      by_key.bind(1, ledger::ByteView(key));
      insert_all(found, numbers(by_key));
    }
    for (const fhir::Identifier& identifier : identifiers) {
      // A value alone belongs to whom the HIS found by it then.
      const bool alone = identifier.system.empty() && !patient.key.empty();
      Statement& by_name = database.cached(
          "SELECT number FROM audit WHERE asked = ?1 AND (?2 = 0 OR patient IS NULL OR patient = ?3)");
      by_name.bind(1, ledger::ByteView(asked_pseudonym(vault_, identifier)))
          .bind(2, std::int64_t{alone})
          .bind(3, ledger::ByteView(key));
      insert_all(found, numbers(by_name));
    }
    if (patient.key.empty() && patient.named.system.empty()) {
      const Pseudonym value = asked_value_pseudonym(vault_, patient.named);
      Statement& systems =
          database.cached("SELECT count(DISTINCT asked) FROM audit WHERE asked_value = ?1 AND asked <> ?2");
      systems.bind(1, ledger::ByteView(value))
          .bind(2, ledger::ByteView(asked_pseudonym(vault_, patient.named)));
      const bool several = systems.step() && systems.column_int(0) > 1;
      systems.reset();
      if (several) return std::nullopt;
      Statement& by_value = database.cached("SELECT number FROM audit WHERE asked_value = ?1");
      by_value.bind(1, ledger::ByteView(value));
      insert_all(found, numbers(by_value));
    }
    insert_all(found, unnamed_rows(database, identifiers));
    return std::vector<std::int64_t>(found.begin(), found.end());
  });
}

fhir::AuditRecord AuditTrail::record_of(const Statement& row) const {
  fhir::AuditRecord out;
  out.number = row.column_int(0);
  out.time = to_time(row.column_int(1));
  out.self = options_.self;
  out.peer = row.column_text(2);
  out.request = row.column_text(3);
  out.operation = row.column_text(4);
  out.purpose = row.column_text(5);
  out.kind = fhir::audit_kind_from_text(row.column_text(6)).value_or(fhir::AuditKind::kRefused);
  out.code = row.column_text(7);
  out.reason = row.column_text(8);
  if (const auto index = number_of(row, 9)) out.ledger = fhir::LedgerPlace{options_.origin, *index};
  out.sections = names_of(row, 11);
  out.withheld = names_of(row, 12);
  out.rule = row.column_text(13);
  out.consents = row.column_text(14);
  out.content_type = row.column_text(15);
  out.bytes = number_of(row, 16);
  out.break_glass = number_of(row, 17);
  if (const auto index = number_of(row, 19))
    out.peer_ledger = fhir::LedgerPlace{std::string(row.column_text(18)), *index};
  if (!row.column_null(21))
    out.doubt = std::string(doubt_text(row.column_int(21) != 0 ? ledger::Validity::kRefused
                                                               : ledger::Validity::kSuspect)) +
                ": " + std::string(row.column_text(22));
  return out;
}

std::vector<fhir::AuditRecord> AuditTrail::page(const AuditFilter& filter, std::int64_t after,
                                                std::size_t limit, const std::vector<std::int64_t>* only) {
  static const std::string sql =
      std::string(kColumns) +
      " WHERE audit.number > ?1 AND audit.number <= ?2 AND (?3 = '' OR peer = ?3) AND time >= ?4 "
      "AND time < ?5 ORDER BY audit.number LIMIT ?6";
  constexpr auto kLast = std::numeric_limits<std::int64_t>::max();
  struct Raw {
    fhir::AuditRecord record;
    ledger::Bytes said, identifier;
  };
  std::vector<Raw> rows;
  const auto read = [&](Database& database, std::int64_t above, std::int64_t last) {
    Statement& select = database.cached(sql.c_str());
    select.bind(1, above).bind(2, last).bind(3, filter.peer);
    select.bind(4, filter.since ? to_integer(*filter.since) : std::numeric_limits<std::int64_t>::min());
    select.bind(5, filter.until ? to_integer(*filter.until) : kLast);
    select.bind(6, static_cast<std::int64_t>(limit - rows.size()));
    while (select.step())
      rows.push_back({record_of(select), ledger::to_bytes(select.column_blob(10)),
                      ledger::to_bytes(select.column_blob(20))});
  };
  reader_.with([&](Database& database) {
    if (only == nullptr) return read(database, after, kLast);
    for (auto at = std::upper_bound(only->begin(), only->end(), after);
         at != only->end() && rows.size() < limit; ++at)
      read(database, *at - 1, *at);
  });
  std::vector<fhir::AuditRecord> out;
  for (Raw& raw : rows) {
    if (!raw.said.empty()) raw.record.said = vault_.open(raw.said);
    if (!raw.identifier.empty()) {
      const auto text = nlohmann::json::parse(vault_.open(raw.identifier));
      raw.record.patient = fhir::Identifier{text.value("system", ""), text.value("value", "")};
    }
    out.push_back(std::move(raw.record));
  }
  return out;
}

}  // namespace edge
