#include "agent/adapters/his/store_schema.h"

namespace edge::his {

namespace {

// A patient has a row as soon as anything refers to them, so the order in which files arrive does not matter:
// their identifiers, and with them the possibility to be found, come with the Patient resource itself. Large
// columns stand last in his_resource: SQLite then reads a row's small columns without touching the pages of
// its texts, and `source`, which documents don't need, is never read for them.
const char* const kVersion1 = R"sql(
CREATE TABLE his_patient (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE
);
CREATE TABLE his_identifier (
  patient_id INTEGER NOT NULL REFERENCES his_patient(id),
  position INTEGER NOT NULL,
  system TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (patient_id, position)
) WITHOUT ROWID;
CREATE INDEX his_identifier_value ON his_identifier(value, system, patient_id);
CREATE TABLE his_file (
  path TEXT PRIMARY KEY,
  size INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  program TEXT NOT NULL,
  rejected INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE his_resource (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  full_url TEXT NOT NULL UNIQUE,
  patient_id INTEGER REFERENCES his_patient(id),
  kind TEXT NOT NULL,
  section INTEGER NOT NULL,
  fits INTEGER NOT NULL,
  date TEXT NOT NULL,
  code TEXT NOT NULL,
  active INTEGER NOT NULL,
  why_not TEXT NOT NULL,
  notes TEXT NOT NULL,
  refs TEXT NOT NULL,
  narrative_row TEXT NOT NULL,
  ips TEXT NOT NULL,
  ips_canonical TEXT NOT NULL,
  source TEXT NOT NULL
);
CREATE INDEX his_resource_kind ON his_resource(patient_id, kind, date) WHERE patient_id IS NOT NULL;
CREATE INDEX his_resource_section ON his_resource(patient_id, section, code, date DESC) WHERE fits = 1;
-- What an import has to remember of the Bundle it is loading; empty at all other times.
CREATE TABLE his_import_note (
  bundle INTEGER NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (bundle, name)
) WITHOUT ROWID;
-- The columns of a prepared resource in the order read_row() takes them; documents are made without `source`.
CREATE VIEW his_document AS
  SELECT r.kind, r.key, r.full_url, p.key AS patient_key, r.section, r.date, r.code, r.active, r.why_not, r.notes, r.refs,
         r.narrative_row, r.ips, r.ips_canonical, r.id
  FROM his_resource r LEFT JOIN his_patient p ON p.id = r.patient_id;
CREATE VIEW his_everything AS
  SELECT r.kind, r.key, r.full_url, p.key AS patient_key, r.section, r.date, r.code, r.active, r.why_not, r.notes, r.refs,
         r.narrative_row, r.ips, r.ips_canonical, r.id, r.source
  FROM his_resource r LEFT JOIN his_patient p ON p.id = r.patient_id;
CREATE VIEW ehr_patient(patient_key, identifier_system, identifier_value) AS
  SELECT p.key, i.system, i.value FROM his_identifier i JOIN his_patient p ON p.id = i.patient_id;
CREATE VIEW ehr_resource(key, full_url, patient_key, kind, section, date, code, active, resource) AS
  SELECT r.key, r.full_url, p.key, r.kind, r.section, r.date, r.code, r.active, r.source
  FROM his_resource r LEFT JOIN his_patient p ON p.id = r.patient_id;
)sql";

// Consents decide over all the rest, so they are looked through often.
const char* const kVersion2 = R"sql(
CREATE INDEX his_resource_consent ON his_resource(id) WHERE kind = 'Consent';
)sql";

const char* const kSteps[] = {kVersion1, kVersion2};

}  // namespace

ledger::sqlite::Migrations store_migrations() {
  return {"his", kSteps};
}

}  // namespace edge::his
