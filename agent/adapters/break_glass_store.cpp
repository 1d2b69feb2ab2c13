#include "agent/adapters/break_glass_store.h"

#include <nlohmann/json.hpp>

#include "ledger-client/core/canonical_json.h"

namespace edge {

using ledger::sqlite::Database;
using ledger::sqlite::Statement;
using nlohmann::json;

namespace {

struct AlreadyReviewed {};

}  // namespace

BreakGlassUse::BreakGlassUse(const Request& request, const PatientVault& vault, const FillRandom& fill_random)
    : peer_(request.envelope.from.text()), request_(request.envelope.id) {
  const std::string patient = canonical_patient(request.query.patient);
  sealed_ = vault.seal(json{{"reason", request.query.reason}, {"patient", patient}}.dump());
  fill_random(reason_salt_);
  fill_random(patient_salt_);
  body_ = {request_, peer_,
           ledger::commitment(reason_salt_, ledger::kCommitReason, ledger::as_bytes(request.query.reason)),
           ledger::commitment(patient_salt_, ledger::kCommitPatient, ledger::as_bytes(patient))};
}

ledger::NewEntry BreakGlassUse::entry() const {
  return {std::string(ledger::entry_type::kBreakGlassUsed), ledger::encode_body(body_),
          peer_ + " " + request_};
}

void BreakGlassUse::insert(Database& database, std::uint64_t index, ledger::TimePoint now) const {
  database
      .cached(
          "INSERT INTO break_glass(entry_index, peer, request, used, sealed, reason_salt, patient_salt)"
          " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)")
      .bind(1, static_cast<std::int64_t>(index))
      .bind(2, peer_)
      .bind(3, request_)
      .bind(4, to_integer(now))
      .bind(5, ledger::ByteView(sealed_))
      .bind(6, ledger::ByteView(reason_salt_))
      .bind(7, ledger::ByteView(patient_salt_))
      .run();
}

BreakGlassStore::BreakGlassStore(ledger::Journal& journal, const PatientVault& vault, Options options)
    : journal_(journal), vault_(vault), options_(std::move(options)), reader_(options_.database) {}

std::vector<BreakGlassRow> BreakGlassStore::list(bool all) {
  struct Raw {
    BreakGlassRow row;
    ledger::Bytes sealed, review;
  };
  auto found = reader_.with([&](Database& database) {
    Statement& select = database.cached(
        "SELECT entry_index, peer, request, used, sealed, reviewed, review, review_entry FROM break_glass"
        " WHERE ?1 = 1 OR reviewed IS NULL ORDER BY entry_index DESC");
    select.bind(1, std::int64_t{all});
    std::vector<Raw> rows;
    while (select.step()) {
      Raw raw;
      raw.row.entry = static_cast<std::uint64_t>(select.column_int(0));
      raw.row.peer = select.column_text(1);
      raw.row.request = select.column_text(2);
      raw.row.used = to_time(select.column_int(3));
      raw.sealed = ledger::to_bytes(select.column_blob(4));
      if (!select.column_null(5)) {
        raw.row.reviewed = to_time(select.column_int(5));
        raw.review = ledger::to_bytes(select.column_blob(6));
        raw.row.review_entry = static_cast<std::uint64_t>(select.column_int(7));
      }
      rows.push_back(std::move(raw));
    }
    return rows;
  });
  std::vector<BreakGlassRow> out;
  for (Raw& raw : found) {
    const json text = json::parse(vault_.open(raw.sealed));
    raw.row.reason = text.at("reason");
    raw.row.patient = text.at("patient");
    if (!raw.review.empty()) {
      const json review = json::parse(vault_.open(raw.review));
      raw.row.by = review.at("by");
      raw.row.note = review.at("note");
    }
    out.push_back(std::move(raw.row));
  }
  return out;
}

std::vector<std::uint64_t> BreakGlassStore::unreviewed() {
  return reader_.with([](Database& database) {
    Statement& select =
        database.cached("SELECT entry_index FROM break_glass WHERE reviewed IS NULL ORDER BY entry_index");
    std::vector<std::uint64_t> out;
    while (select.step()) out.push_back(static_cast<std::uint64_t>(select.column_int(0)));
    return out;
  });
}

Outcome<BreakGlassRow> BreakGlassStore::review(std::uint64_t entry, const std::string& by,
                                               const std::string& note,
                                               const std::function<void(Database&)>& also) {
  const Refusal none{Code::kMalformed, "no use of break-glass with this entry waits for a review"};
  const std::string text = ledger::canonical_json({{"by", by}, {"note", note}});
  const ledger::Bytes sealed = vault_.seal(text);
  ledger::Salt salt{};
  options_.fill_random(salt);
  const ledger::BreakGlassReviewed body{
      entry, ledger::commitment(salt, ledger::kCommitReview, ledger::as_bytes(text))};
  const auto statements = [&](Database& database, std::uint64_t index) {
    database
        .cached(
            "UPDATE break_glass SET reviewed = ?2, review = ?3, review_salt = ?4, review_entry = ?5"
            " WHERE entry_index = ?1 AND reviewed IS NULL")
        .bind(1, static_cast<std::int64_t>(entry))
        .bind(2, to_integer(options_.now()))
        .bind(3, ledger::ByteView(sealed))
        .bind(4, ledger::ByteView(salt))
        .bind(5, static_cast<std::int64_t>(index))
        .run();
    if (database.changes() != 1) throw AlreadyReviewed{};
    if (also) also(database);
  };
  try {
    const auto appended = journal_.append({{std::string(ledger::entry_type::kBreakGlassReviewed),
                                            ledger::encode_body(body), "entry " + std::to_string(entry)}},
                                          statements, ledger::Work::kBegun);
    if (!appended && appended.error() == ledger::AppendError::kDuplicate) return none;
    if (!appended) return Refusal{Code::kFailed, "the ledger takes no entry now"};
  } catch (const AlreadyReviewed&) {
    return none;
  }
  for (BreakGlassRow& row : list(true))
    if (row.entry == entry) return std::move(row);
  return none;
}

}  // namespace edge
