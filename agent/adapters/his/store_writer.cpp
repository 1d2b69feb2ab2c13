#include "agent/adapters/his/store_writer.h"

#include "agent/adapters/his/stored_row.h"

namespace edge::his {

using ledger::Problem;
using ledger::sqlite::Statement;

namespace {

// An upgrade may prepare the same resource differently, so the derived columns count as much as the source.
constexpr const char* kPut = R"sql(
  INSERT INTO his_resource(key, full_url, patient_id, kind, section, fits, date, code, active, why_not, notes, refs,
                           narrative_row, ips, ips_canonical, source)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
  ON CONFLICT(key) DO UPDATE SET
    full_url = excluded.full_url, patient_id = excluded.patient_id, kind = excluded.kind, section = excluded.section,
    fits = excluded.fits, date = excluded.date, code = excluded.code, active = excluded.active,
    why_not = excluded.why_not, notes = excluded.notes, refs = excluded.refs, narrative_row = excluded.narrative_row,
    ips = excluded.ips, ips_canonical = excluded.ips_canonical, source = excluded.source
  WHERE source IS NOT excluded.source OR ips IS NOT excluded.ips OR narrative_row IS NOT excluded.narrative_row
     OR patient_id IS NOT excluded.patient_id OR full_url IS NOT excluded.full_url OR why_not IS NOT excluded.why_not
     OR section IS NOT excluded.section OR date IS NOT excluded.date OR code IS NOT excluded.code
     OR active IS NOT excluded.active OR refs IS NOT excluded.refs OR notes IS NOT excluded.notes
     OR ips_canonical IS NOT excluded.ips_canonical)sql";

bool url_is_taken(ledger::sqlite::Database& database, const fhir::Prepared& resource) {
  Statement& other = database.cached("SELECT 1 FROM his_resource WHERE full_url = ?1 AND key <> ?2");
  other.bind(1, std::string_view(resource.full_url)).bind(2, std::string_view(resource.key));
  const bool taken = other.step();
  other.reset();
  return taken;
}

}  // namespace

ledger::Result<StoreWriter::Stored> StoreWriter::put(const fhir::Prepared& resource) {
  if (url_is_taken(database_, resource)) return Problem{"id: a resource of another kind has the same UUID"};
  std::optional<std::int64_t> patient;
  if (!resource.patient_key.empty()) patient = patient_number(resource.patient_key);

  Statement& row = database_.cached(kPut);
  const std::string notes = join_list(resource.notes);
  const std::string refs = join_list(resource.references);
  row.bind(1, std::string_view(resource.key)).bind(2, std::string_view(resource.full_url));
  if (patient) {
    row.bind(3, *patient);
  } else {
    row.bind(3, std::nullopt);
  }
  row.bind(4, std::string_view(resource.kind)).bind(5, static_cast<std::int64_t>(resource.section));
  const bool fits = !resource.ips.empty() && resource.section != fhir::Section::kNone;
  row.bind(6, std::int64_t{fits ? 1 : 0});
  row.bind(7, std::string_view(resource.date)).bind(8, std::string_view(resource.code));
  row.bind(9, std::int64_t{resource.active ? 1 : 0}).bind(10, std::string_view(resource.why_not));
  row.bind(11, std::string_view(notes)).bind(12, std::string_view(refs));
  row.bind(13, std::string_view(resource.narrative_row)).bind(14, std::string_view(resource.ips));
  row.bind(15, std::string_view(resource.ips_canonical)).bind(16, std::string_view(resource.source));
  row.run();
  if (database_.changes() == 0) return Stored::kUnchanged;
  if (resource.kind == "Patient" && patient) put_identifiers(*patient, resource.identifiers);
  return Stored::kNew;
}

std::int64_t StoreWriter::patient_number(const std::string& key) {
  Statement& known = database_.cached("SELECT id FROM his_patient WHERE key = ?1");
  if (known.bind(1, std::string_view(key)).step()) {
    const std::int64_t id = known.column_int(0);
    known.reset();
    return id;
  }
  database_.cached("INSERT INTO his_patient(key) VALUES (?1)").bind(1, std::string_view(key)).run();
  return database_.last_insert_rowid();
}

void StoreWriter::put_identifiers(std::int64_t patient, const std::vector<fhir::Identifier>& identifiers) {
  database_.cached("DELETE FROM his_identifier WHERE patient_id = ?1").bind(1, patient).run();
  Statement& row = database_.cached(
      "INSERT INTO his_identifier(patient_id, position, system, value) VALUES (?1, ?2, ?3, ?4)");
  std::int64_t position = 0;
  for (const fhir::Identifier& identifier : identifiers) {
    row.bind(1, patient).bind(2, position++);
    row.bind(3, std::string_view(identifier.system)).bind(4, std::string_view(identifier.value));
    row.run();
  }
}

std::optional<FileRecord> StoreWriter::file_record(const std::string& path) {
  Statement& row =
      database_.cached("SELECT size, sha256, rejected FROM his_file WHERE path = ?1 AND program = ?2");
  if (!row.bind(1, std::string_view(path)).bind(2, std::string_view(EHR_VERSION)).step()) return std::nullopt;
  FileRecord file{path, static_cast<std::uint64_t>(row.column_int(0)), std::string(row.column_text(1)),
                  static_cast<std::uint64_t>(row.column_int(2))};
  row.reset();
  return file;
}

void StoreWriter::record_file(const FileRecord& file) {
  database_
      .cached(
          "INSERT OR REPLACE INTO his_file(path, size, sha256, program, rejected) VALUES (?1, ?2, ?3, ?4, "
          "?5)")
      .bind(1, std::string_view(file.path))
      .bind(2, static_cast<std::int64_t>(file.size))
      .bind(3, std::string_view(file.sha256))
      .bind(4, std::string_view(EHR_VERSION))
      .bind(5, static_cast<std::int64_t>(file.rejected))
      .run();
}

bool StoreWriter::note(std::int64_t bundle, std::string_view name, std::string_view value) {
  database_.cached("INSERT OR IGNORE INTO his_import_note(bundle, name, value) VALUES (?1, ?2, ?3)")
      .bind(1, bundle)
      .bind(2, name)
      .bind(3, value)
      .run();
  return database_.changes() == 1;
}

std::optional<std::string> StoreWriter::noted(std::int64_t bundle, std::string_view name) {
  Statement& row = database_.cached("SELECT value FROM his_import_note WHERE bundle = ?1 AND name = ?2");
  if (!row.bind(1, bundle).bind(2, name).step()) return std::nullopt;
  std::string value(row.column_text(0));
  row.reset();
  return value;
}

bool StoreWriter::has_notes() {
  Statement& row = database_.cached("SELECT 1 FROM his_import_note LIMIT 1");
  const bool any = row.step();
  row.reset();
  return any;
}

void StoreWriter::forget_notes() {
  database_.exec("DELETE FROM his_import_note");
}

}  // namespace edge::his
