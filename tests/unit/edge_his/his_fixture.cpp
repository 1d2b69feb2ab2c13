#include "tests/unit/edge_his/his_fixture.h"

#include <zlib.h>

#include <fstream>
#include <stdexcept>

#include "ledger-client/core/sha256.h"
#include "ledger-client/store/sqlite.h"

namespace his_test {

namespace fs = std::filesystem;

std::string told(const Imported& imported) {
  std::string out;
  for (const auto& [place, reason] : imported.rejected) out += place + ": " + reason + '\n';
  return out;
}

fs::path Hospital::file(const std::string& name, const std::string& content) const {
  const fs::path path = dir / name;
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

Imported Hospital::import(const std::vector<fs::path>& paths) {
  Imported imported;
  imported.progress = edge::his::import_files(
      store, paths, {}, [&](const edge::his::Rejected& rejected) { imported.rejected.push_back(rejected); });
  return imported;
}

Imported Hospital::import_text(const std::string& name, const std::string& content) {
  return import({file(name, content)});
}

std::vector<edge::fhir::Prepared> Hospital::all_of(const std::string& patient_key) {
  std::vector<edge::fhir::Prepared> all;
  store.stream(patient_key, [&](edge::fhir::Prepared&& resource) {
    all.push_back(std::move(resource));
    return true;
  });
  return all;
}

std::vector<edge::fhir::Prepared> Hospital::sections_of(const std::string& patient_key) {
  std::vector<edge::fhir::Prepared> all;
  store.stream_sections(patient_key, [&](edge::fhir::Prepared&& resource) {
    all.push_back(std::move(resource));
    return true;
  });
  return all;
}

std::string gzip(const std::string& content) {
  z_stream stream{};
  constexpr int kGzip = 15 + 16;
  if (deflateInit2(&stream, 1, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error("zlib");
  std::string out(deflateBound(&stream, content.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int code = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (code != Z_STREAM_END) throw std::runtime_error("zlib");
  return out;
}

std::string fingerprint(const fs::path& file) {
  ledger::sqlite::Database database(file, ledger::sqlite::Mode::kReadOnly);
  ledger::Sha256 hash;
  const auto add = [&](const char* sql, int columns) {
    ledger::sqlite::Statement rows(database, sql);
    while (rows.step()) {
      for (int column = 0; column < columns; ++column) hash.update(rows.column_text(column)).update("\x1f");
    }
  };
  add("SELECT kind, key, full_url, patient_key, section, date, code, active, why_not, notes, refs, "
      "narrative_row, ips,"
      " ips_canonical, source FROM his_everything ORDER BY key",
      15);
  add("SELECT patient_key, identifier_system, identifier_value FROM ehr_patient ORDER BY 1, 2, 3", 3);
  return ledger::to_hex(hash.finish());
}

static std::string text_of(const edge::PatientLookup& lookup) {
  if (const auto* patient = std::get_if<edge::PatientFound>(&lookup)) return patient->key;
  return std::holds_alternative<edge::PatientAmbiguous>(lookup) ? "ambiguous" : "unknown";
}

std::string found(edge::his::SqliteStore& store, const std::string& system, const std::string& value) {
  return text_of(store.find_here({system, value}));
}

std::string found_by_peer(edge::his::SqliteStore& store, const std::string& system,
                          const std::string& value) {
  return text_of(store.find({system, value}));
}

}  // namespace his_test
