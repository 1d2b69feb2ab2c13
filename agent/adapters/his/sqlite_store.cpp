#include "agent/adapters/his/sqlite_store.h"

#include <algorithm>
#include <mutex>

#include "agent/adapters/his/patient_text.h"
#include "agent/adapters/his/reader_pool.h"
#include "agent/adapters/his/section_rows.h"
#include "agent/adapters/his/store_schema.h"
#include "agent/adapters/his/store_writer.h"
#include "agent/adapters/his/stored_row.h"

namespace edge::his {

using fhir::Prepared;
using ledger::sqlite::Database;
using ledger::sqlite::SqliteError;
using ledger::sqlite::Statement;

namespace {

using Take = std::function<bool(Prepared&&)>;

// Runs a call of the port: what SQLite can't do, the source can't answer.
template <class Work>
auto answer(Work&& work) {
  try {
    return work();
  } catch (const SqliteError& error) {
    throw Unavailable(std::string("sqlite HIS: ") + error.what());
  }
}

Database open_store(const std::filesystem::path& file) {
  try {
    Database database(file);
    ledger::sqlite::migrate(database, store_migrations());
    return database;
  } catch (const std::exception& error) {
    throw Unavailable(std::string("sqlite HIS: ") + error.what());
  }
}

std::vector<fhir::Identifier> identifiers_of(Database& database, const std::string& patient_key) {
  Statement& row = database.cached(
      "SELECT i.system, i.value FROM his_identifier i JOIN his_patient p ON p.id = i.patient_id"
      " WHERE p.key = ?1 ORDER BY i.position");
  row.bind(1, std::string_view(patient_key));
  std::vector<fhir::Identifier> identifiers;
  while (row.step())
    identifiers.push_back({std::string(row.column_text(0)), std::string(row.column_text(1))});
  return identifiers;
}

std::optional<Prepared> read(Database& database, std::int64_t id, Columns columns) {
  Statement& row =
      database.cached(columns == Columns::kDocument ? "SELECT * FROM his_document WHERE id = ?1"
                                                    : "SELECT * FROM his_everything WHERE id = ?1");
  if (!row.bind(1, id).step()) return std::nullopt;
  Prepared resource = read_row(row, columns);
  row.reset();
  if (resource.kind == "Patient") resource.identifiers = identifiers_of(database, resource.key);
  return resource;
}

struct Patient {
  std::int64_t number = 0;       // of his_patient
  std::int64_t resource_id = 0;  // of the Patient in his_resource
};

std::optional<Patient> find_patient(Database& database, const std::string& key) {
  Statement& row = database.cached(
      "SELECT p.id, r.id FROM his_patient p JOIN his_resource r ON r.key = p.key WHERE p.key = ?1");
  if (!row.bind(1, std::string_view(key)).step()) return std::nullopt;
  const Patient patient{row.column_int(0), row.column_int(1)};
  row.reset();
  return patient;
}

void hand_out(Database& database, const std::vector<std::int64_t>& ids, Columns columns, const Take& take) {
  for (const std::int64_t id : ids) {
    std::optional<Prepared> resource = read(database, id, columns);
    if (resource && !take(std::move(*resource))) return;
  }
}

PatientLookup one_of(Statement& keys) {
  std::vector<std::string> found;
  while (keys.step()) found.emplace_back(keys.column_text(0));
  if (found.empty()) return PatientUnknown{};
  if (found.size() > 1) return PatientAmbiguous{};
  return PatientFound{std::move(found.front())};
}

}  // namespace

struct SqliteStore::State {
  State(const std::filesystem::path& file, const std::vector<fhir::SectionRule>& section_rules)
      : rules(section_rules), writer(open_store(file)), readers(file) {}

  std::vector<fhir::SectionRule> rules;
  std::mutex write_mutex;
  Database writer;
  ReaderPool readers;
};

SqliteStore::SqliteStore(const std::filesystem::path& database, const std::vector<fhir::SectionRule>& rules)
    : state_(std::make_unique<State>(database, rules)) {}
SqliteStore::~SqliteStore() = default;

PatientLookup SqliteStore::find(const fhir::Identifier& identifier) {
  if (identifier.value.empty()) return PatientUnknown{};
  return answer([&] {
    const ReaderPool::Lease reader = state_->readers.borrow();
    if (!identifier.system.empty()) {
      Statement& keys = reader->cached(
          "SELECT DISTINCT p.key FROM his_identifier i JOIN his_patient p ON p.id = i.patient_id"
          " WHERE i.value = ?1 AND i.system = ?2 LIMIT 2");
      keys.bind(1, std::string_view(identifier.value)).bind(2, std::string_view(identifier.system));
      return one_of(keys);
    }
    Statement& keys = reader->cached(
        "SELECT DISTINCT p.key FROM his_identifier i JOIN his_patient p ON p.id = i.patient_id"
        " WHERE i.value = ?1 LIMIT 2");
    keys.bind(1, std::string_view(identifier.value));
    return one_of(keys);
  });
}

PatientLookup SqliteStore::find_here(const fhir::Identifier& identifier) {
  if (identifier.value.empty() || !identifier.system.empty()) return find(identifier);
  return answer([&] {
    const ReaderPool::Lease reader = state_->readers.borrow();
    Statement& keys = reader->cached(
        "SELECT p.key FROM his_identifier i JOIN his_patient p ON p.id = i.patient_id WHERE i.value = ?1"
        " UNION SELECT key FROM his_resource WHERE key IN ('Patient/' || ?1, ?1) AND kind = 'Patient'"
        " UNION SELECT key FROM his_resource WHERE full_url IN (lower(?1), 'urn:uuid:' || lower(?1)) AND "
        "kind = 'Patient'"
        " LIMIT 2");
    keys.bind(1, std::string_view(identifier.value));
    return one_of(keys);
  });
}

void SqliteStore::stream(const std::string& patient_key, const Take& take) {
  answer([&] {
    const ReaderPool::Lease reader = state_->readers.borrow();
    const Snapshot snapshot(*reader);
    const std::optional<Patient> patient = find_patient(*reader, patient_key);
    if (!patient) return;
    std::vector<std::int64_t> ids{patient->resource_id};
    Statement& rows =
        reader->cached("SELECT id FROM his_resource WHERE patient_id = ?1 ORDER BY kind, date, id");
    rows.bind(1, patient->number);
    while (rows.step()) {
      if (rows.column_int(0) != patient->resource_id) ids.push_back(rows.column_int(0));
    }
    hand_out(*reader, ids, Columns::kEverything, take);
  });
}

void SqliteStore::stream_sections(const std::string& patient_key, const Take& take) {
  answer([&] {
    const ReaderPool::Lease reader = state_->readers.borrow();
    const Snapshot snapshot(*reader);
    const std::optional<Patient> patient = find_patient(*reader, patient_key);
    if (!patient) return;
    std::optional<Prepared> resource = read(*reader, patient->resource_id, Columns::kDocument);
    if (!resource || !take(std::move(*resource))) return;
    for (const fhir::SectionRule& rule : state_->rules)
      if (!read_section(*reader, patient->number, patient_key, rule, take)) return;
  });
}

std::vector<Prepared> SqliteStore::fetch(const std::vector<std::string>& full_urls) {
  return answer([&] {
    const ReaderPool::Lease reader = state_->readers.borrow();
    const Snapshot snapshot(*reader);
    Statement& row = reader->cached("SELECT * FROM his_everything WHERE full_url = ?1");
    std::vector<Prepared> found;
    for (const std::string& url : full_urls) {
      if (!row.bind(1, std::string_view(url)).step()) continue;
      found.push_back(read_row(row, Columns::kEverything));
      row.reset();
      if (found.back().kind == "Patient")
        found.back().identifiers = identifiers_of(*reader, found.back().key);
    }
    return found;
  });
}

std::vector<std::string> SqliteStore::unavailable_kinds() const {
  return {};
}

void SqliteStore::put(const std::vector<Prepared>& resources) {
  write([&](StoreWriter& writer) {
    for (const Prepared& resource : resources) {
      const auto stored = writer.put(resource);
      if (!stored) throw Unavailable("sqlite HIS: " + stored.error().reason);
    }
    return true;
  });
}

bool SqliteStore::write(const std::function<bool(StoreWriter&)>& work) {
  return answer([&] {
    const std::lock_guard lock(state_->write_mutex);
    ledger::sqlite::Transaction transaction(state_->writer);
    StoreWriter writer(state_->writer);
    if (!work(writer)) return false;
    transaction.commit();
    return true;
  });
}

void SqliteStore::tidy() {
  const std::lock_guard lock(state_->write_mutex);
  try {
    state_->writer.checkpoint_wal();
  } catch (const SqliteError&) {  // nothing is lost: the WAL is part of the database
  }
}

std::vector<SqliteStore::PatientRow> SqliteStore::list(const std::string& after, std::size_t limit) const {
  return answer([&] {
    const ReaderPool::Lease reader = state_->readers.borrow();
    const Snapshot snapshot(*reader);
    Statement& rows = reader->cached(
        "SELECT p.key, r.source, (SELECT count(*) FROM his_resource WHERE patient_id = p.id)"
        " FROM his_patient p JOIN his_resource r ON r.key = p.key WHERE p.key > ?1 ORDER BY p.key LIMIT ?2");
    rows.bind(1, std::string_view(after)).bind(2, static_cast<std::int64_t>(limit));
    std::vector<PatientRow> patients;
    while (rows.step()) {
      const PatientText text = describe_patient(rows.column_text(1));
      PatientRow row{std::string(rows.column_text(0)), text.name, text.birth_date, {}, 0};
      row.resources = static_cast<std::uint64_t>(rows.column_int(2));
      row.identifiers = identifiers_of(*reader, row.key);
      patients.push_back(std::move(row));
    }
    return patients;
  });
}

std::vector<fhir::Identifier> SqliteStore::identifiers(const std::string& patient_key) const {
  return answer([&] {
    const ReaderPool::Lease reader = state_->readers.borrow();
    return identifiers_of(*reader, patient_key);
  });
}

void SqliteStore::stream_consents(const std::function<void(fhir::Prepared&&)>& take) {
  answer([&] {
    const ReaderPool::Lease reader = state_->readers.borrow();
    const Snapshot snapshot(*reader);
    Statement& rows = reader->cached("SELECT id FROM his_resource WHERE kind = 'Consent' ORDER BY id");
    std::vector<std::int64_t> ids;
    while (rows.step()) ids.push_back(rows.column_int(0));
    hand_out(*reader, ids, Columns::kEverything, [&](Prepared&& resource) {
      take(std::move(resource));
      return true;
    });
  });
}

}  // namespace edge::his
