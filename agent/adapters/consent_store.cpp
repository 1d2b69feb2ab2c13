#include "agent/adapters/consent_store.h"

#include "agent/adapters/consent_row.h"
#include "agent/core/envelope.h"
#include "ledger-client/core/commitment.h"
#include "ledger-client/core/entry_rules.h"
#include "ledger-client/core/sha256.h"

namespace edge {

using ledger::sqlite::Database;
using ledger::sqlite::Statement;

namespace {

constexpr std::string_view kGranted = "granted", kRevoked = "revoked";

constexpr const char* kBySource =
    "SELECT id, state, content_tag FROM consent WHERE source_tag = ?1 ORDER BY number DESC LIMIT 1";
constexpr const char* kLeft = "SELECT 1 FROM consent_left WHERE source_tag = ?1 AND content_tag = ?2";

void insert_salt(Database& database, const std::string& id, std::string_view entry, std::string_view field,
                 const ledger::Salt& salt) {
  database.cached("INSERT INTO consent_salt(id, entry, field, salt) VALUES(?1, ?2, ?3, ?4)")
      .bind(1, id)
      .bind(2, entry)
      .bind(3, field)
      .bind(4, ledger::ByteView(salt))
      .run();
}

// What an entry commits to, with the salts that open it.
struct Commitments {
  ledger::Salt consent_salt, patient_salt;
  ledger::Hash consent, patient;

  Commitments(const ledger::Salt& first, const ledger::Salt& second, std::string_view document,
              std::string_view who)
      : consent_salt(first),
        patient_salt(second),
        consent(ledger::commitment(first, ledger::kCommitConsent, ledger::as_bytes(document))),
        patient(ledger::commitment(second, ledger::kCommitPatient, ledger::as_bytes(who))) {}

  void keep(Database& database, const std::string& id, std::string_view entry) const {
    insert_salt(database, id, entry, ledger::kCommitConsent, consent_salt);
    insert_salt(database, id, entry, ledger::kCommitPatient, patient_salt);
  }
};

Refusal refused_append(ledger::AppendError error) {
  switch (error) {
    case ledger::AppendError::kDuplicate:
      return {Code::kReplayed, "this is on the ledger already"};
    case ledger::AppendError::kDiskFull:
      return {Code::kFailed, "no room on the ledger's disk"};
    default:
      return {Code::kFailed, "the ledger signs nothing"};
  }
}

// Somebody else was faster.
struct NotActive {};

}  // namespace

ConsentStore::ConsentStore(ledger::Journal& journal, const PatientVault& vault, Options options)
    : journal_(journal), vault_(vault), options_(std::move(options)), reader_(options_.database) {}

ledger::Salt ConsentStore::fresh_salt() const {
  ledger::Salt salt{};
  options_.fill_random(salt);
  return salt;
}

Pseudonym ConsentStore::name_of(const std::string& patient_key) const {
  return vault_.pseudonym("patient", patient_key);
}

std::vector<Consent> ConsentStore::read(Database& database, const std::string& patient_key) const {
  return read_named(database, name_of(patient_key), patient_key);
}

std::vector<Consent> ConsentStore::read_named(Database& database, ledger::ByteView name,
                                              const std::string& patient) {
  Statement& select = database.cached(
      "SELECT id, any_patient, terms, source, granted_entry FROM consent WHERE state = 0 AND any_patient = 1"
      " UNION ALL SELECT id, any_patient, terms, source, granted_entry FROM consent"
      " WHERE state = 0 AND any_patient = 0 AND patient = ?1");
  select.bind(1, name);
  std::vector<Consent> out;
  while (select.step()) out.push_back(read_consent_in_force(select, patient));
  return out;
}

std::vector<Consent> ConsentStore::all() {
  return reader_.with([](Database& database) {
    Statement& select = database.cached(
        "SELECT id, any_patient, terms, source, granted_entry, hex(patient) FROM consent WHERE state = 0");
    std::vector<Consent> out;
    while (select.step()) out.push_back(read_consent_in_force(select, std::string(select.column_text(5))));
    return out;
  });
}

std::vector<Consent> ConsentStore::consents_of(const std::string& patient_key) {
  return reader_.with([&](Database& database) { return read(database, patient_key); });
}

Pseudonym ConsentStore::content_tag(const NewConsent& consent) const {
  return vault_.pseudonym("consent", consent.document);
}

Outcome<ConsentRow> ConsentStore::grant(const NewConsent& consent) {
  const Pseudonym content = content_tag(consent);
  const auto same =
      reader_.with([&](Database& database) { return row_in_force(database, ledger::ByteView(content)); });
  if (same) return *same;
  std::array<std::uint8_t, 10> random{};
  options_.fill_random(random);
  const ledger::TimePoint now = options_.now();
  const std::string id = make_uuid_v7(now, random);
  const Commitments commitments(fresh_salt(), fresh_salt(), consent.document, consent.patient);
  const std::string terms = fhir::write_terms(consent.rules);
  const ledger::Bytes sealed = vault_.seal(sealed_json(consent));
  const auto statements = [&](Database& database, std::uint64_t index) {
    Statement& insert = database.cached(
        "INSERT INTO consent(id, state, any_patient, patient, terms, sealed, source, attested, source_tag, "
        "content_tag, remark, granted, granted_entry) VALUES(?1, 0, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
        "?11, "
        "?12)");
    insert.bind(1, id).bind(2, std::int64_t{!consent.patient_key}).bind(4, terms);
    if (consent.patient_key) {
      insert.bind(3, ledger::ByteView(name_of(*consent.patient_key)));
    } else {
      insert.bind(3, std::nullopt);
    }
    insert.bind(5, ledger::ByteView(sealed)).bind(6, consent.source).bind(7, consent.attested);
    if (consent.source_key.empty()) {
      insert.bind(8, std::nullopt);
    } else {
      insert.bind(8, ledger::ByteView(vault_.pseudonym("resource", consent.source_key)));
    }
    insert.bind(9, ledger::ByteView(content)).bind(10, consent.remark).bind(11, to_integer(now));
    insert.bind(12, static_cast<std::int64_t>(index)).run();
    commitments.keep(database, id, kGranted);
  };
  const ledger::ConsentGranted body{commitments.consent, commitments.patient};
  const auto appended =
      journal_.append({{std::string(ledger::entry_type::kConsentGranted), ledger::encode_body(body), id}},
                      statements, ledger::Work::kBegun);
  if (!appended) return refused_append(appended.error());
  ++changes_;
  return *find(id);
}

Outcome<ConsentRow> ConsentStore::revoke(const std::string& id) {
  const Refusal none{Code::kMalformed, "no consent with this id is in force"};
  const auto row = find(id);
  const auto text = row && row->state == ConsentState::kActive ? this->text(id) : std::nullopt;
  if (!text) return none;
  const Commitments commitments(fresh_salt(), fresh_salt(), text->document, text->patient);
  const auto statements = [&](Database& database, std::uint64_t index) {
    database
        .cached("UPDATE consent SET state = 1, revoked = ?2, revoked_entry = ?3 WHERE id = ?1 AND state = 0")
        .bind(1, id)
        .bind(2, to_integer(options_.now()))
        .bind(3, static_cast<std::int64_t>(index))
        .run();
    if (database.changes() != 1) throw NotActive{};
    commitments.keep(database, id, kRevoked);
  };
  const ledger::ConsentRevoked body{commitments.consent, commitments.patient};
  try {
    // Below the low-water mark too: a revocation is never put off.
    const auto appended =
        journal_.append({{std::string(ledger::entry_type::kConsentRevoked), ledger::encode_body(body), id}},
                        statements, ledger::Work::kBegun);
    if (!appended && appended.error() == ledger::AppendError::kDuplicate) return none;
    if (!appended) return refused_append(appended.error());
  } catch (const NotActive&) {
    return none;
  }
  ++changes_;
  return *find(id);
}

Outcome<ConsentRow> ConsentStore::forget(const std::string& id) {
  const auto row = find(id);
  if (!row) return Refusal{Code::kMalformed, "no consent with this id"};
  if (row->state == ConsentState::kActive)
    return Refusal{Code::kMalformed, "the consent is in force; revoke it first"};
  const auto statements = [&](Database& database, std::uint64_t) {
    database
        .cached(
            "INSERT OR IGNORE INTO consent_left SELECT source_tag, content_tag FROM consent"
            " WHERE id = ?1 AND state <> 0 AND source_tag IS NOT NULL")
        .bind(1, id)
        .run();
    database
        .cached(
            "UPDATE consent SET state = 2, patient = NULL, terms = '', sealed = NULL, source_tag = NULL,"
            " content_tag = NULL, remark = '' WHERE id = ?1 AND state <> 0")
        .bind(1, id)
        .run();
    database.cached("DELETE FROM consent_salt WHERE id = ?1").bind(1, id).run();
  };
  if (!journal_.append({}, statements, ledger::Work::kBegun))
    return Refusal{Code::kFailed, "agent.db can't be written"};
  // What was deleted must not survive in the write-ahead log.
  try {
    Database(options_.database, ledger::sqlite::Mode::kReadWrite).checkpoint_wal();
  } catch (const ledger::sqlite::SqliteError&) {
    return Refusal{Code::kFailed,
                   "it is deleted, but somebody who reads the database keeps its write-ahead log from being "
                   "truncated; forget it again"};
  }
  return *find(id);
}

std::optional<ConsentRow> ConsentStore::find(const std::string& id) {
  return reader_.with([&](Database& database) { return row_of_id(database, id); });
}

std::vector<ConsentRow> ConsentStore::list(const std::optional<std::string>& patient_key) {
  return reader_.with([&](Database& database) {
    return rows_newest_first(database, patient_key ? std::optional{name_of(*patient_key)} : std::nullopt);
  });
}

std::optional<ConsentText> ConsentStore::text(const std::string& id) {
  const auto sealed = reader_.with([&](Database& database) -> std::optional<ledger::Bytes> {
    Statement& select = database.cached("SELECT sealed FROM consent WHERE id = ?1 AND sealed IS NOT NULL");
    select.bind(1, id);
    if (!select.step()) return std::nullopt;
    ledger::Bytes bytes = ledger::to_bytes(select.column_blob(0));
    select.reset();
    return bytes;
  });
  if (!sealed) return std::nullopt;
  return text_of(vault_.open(*sealed));
}

ConsentStore::FromSource ConsentStore::from_source(const std::string& source_key,
                                                   const std::string& document) {
  const Pseudonym source = vault_.pseudonym("resource", source_key);
  const Pseudonym content = vault_.pseudonym("consent", document);
  return reader_.with([&](Database& database) {
    FromSource out;
    Statement& left = database.cached(kLeft);
    left.bind(1, ledger::ByteView(source)).bind(2, ledger::ByteView(content));
    out.same = left.step();
    left.reset();
    Statement& select = database.cached(kBySource);
    select.bind(1, ledger::ByteView(source));
    if (!select.step()) return out;
    const auto tag = select.column_blob(2);
    const bool active = select.column_int(1) == 0;
    // Of what is kept, the newest decides; a text forgotten earlier may have come back.
    out.same = std::equal(tag.begin(), tag.end(), content.begin(), content.end()) || (out.same && !active);
    if (active) out.active = select.column_text(0);
    select.reset();
    return out;
  });
}

}  // namespace edge
