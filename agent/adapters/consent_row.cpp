#include "agent/adapters/consent_row.h"

#include <nlohmann/json.hpp>

namespace edge {

using ledger::sqlite::Database;
using ledger::sqlite::Statement;
using nlohmann::json;

namespace {

const std::string kColumns =
    "SELECT id, state, any_patient, terms, source, attested, remark, granted, granted_entry, revoked,"
    " revoked_entry FROM consent";

// Terms that were written here read back, or the database is damaged; then nobody is told anything.
std::vector<ConsentRule> rules_of(std::string_view terms) {
  auto rules = fhir::read_terms(terms);
  if (!rules) throw std::runtime_error("a consent in agent.db is damaged: " + rules.error().reason);
  return std::move(*rules);
}

ConsentRow read_row(const Statement& row) {
  ConsentRow out;
  out.id = row.column_text(0);
  out.state = static_cast<ConsentState>(row.column_int(1));
  out.any_patient = row.column_int(2) != 0;
  if (!row.column_text(3).empty()) out.rules = rules_of(row.column_text(3));
  out.source = row.column_text(4);
  out.attested = row.column_text(5);
  out.remark = row.column_text(6);
  out.granted = to_time(row.column_int(7));
  out.granted_entry = static_cast<std::uint64_t>(row.column_int(8));
  if (!row.column_null(9)) out.revoked = to_time(row.column_int(9));
  if (!row.column_null(10)) out.revoked_entry = static_cast<std::uint64_t>(row.column_int(10));
  return out;
}

std::optional<ConsentRow> one_row(Statement& select) {
  if (!select.step()) return std::nullopt;
  ConsentRow row = read_row(select);
  select.reset();
  return row;
}

}  // namespace

std::optional<ConsentRow> row_of_id(Database& database, const std::string& id) {
  static const std::string sql = kColumns + " WHERE id = ?1";
  Statement& select = database.cached(sql.c_str());
  select.bind(1, id);
  return one_row(select);
}

std::optional<ConsentRow> row_in_force(Database& database, ledger::ByteView content_tag) {
  static const std::string sql = kColumns + " WHERE content_tag = ?1 AND state = 0";
  Statement& select = database.cached(sql.c_str());
  select.bind(1, content_tag);
  return one_row(select);
}

std::vector<ConsentRow> rows_newest_first(Database& database, const std::optional<Pseudonym>& patient) {
  static const std::string all = kColumns + " ORDER BY number DESC";
  static const std::string of_patient =
      kColumns + " WHERE any_patient = 1 OR patient = ?1 ORDER BY number DESC";
  Statement& select = database.cached((patient ? of_patient : all).c_str());
  if (patient) select.bind(1, ledger::ByteView(*patient));
  std::vector<ConsentRow> rows;
  while (select.step()) rows.push_back(read_row(select));
  return rows;
}

Consent read_consent_in_force(const Statement& row, const std::string& patient) {
  Consent out{std::string(row.column_text(0)), std::nullopt, true, rules_of(row.column_text(2))};
  if (row.column_int(1) == 0) out.patient = patient;
  if (row.column_text(3) != consent_source::kHis) out.place = static_cast<std::uint64_t>(row.column_int(4));
  return out;
}

std::string sealed_json(const NewConsent& consent) {
  return json{{"document", consent.document},
              {"patient", consent.patient},
              {"signature", consent.signature},
              {"signer", consent.signer}}
      .dump();
}

ConsentText text_of(const std::string& opened) {
  const json text = json::parse(opened);
  return {text.at("document"), text.at("patient"), text.at("signature"), text.at("signer")};
}

}  // namespace edge
