// The embedded HIS: FHIR resources, prepared, in one SQLite file with the documented views ehr_patient and
// ehr_resource (README.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/core/fhir/document.h"
#include "agent/core/ports.h"

namespace edge::his {

class StoreWriter;

// Thread-safe: readers have connections of their own (pooled) and see the last committed state; one writer at
// a time.
class SqliteStore : public RecordSource {
 public:
  // Creates the file, or brings an older one up to date. `rules` say in which sections only the newest of
  // each code matters. Throws Unavailable if the file can't be opened.
  explicit SqliteStore(const std::filesystem::path& database,
                       const std::vector<fhir::SectionRule>& rules = fhir::default_rules());
  ~SqliteStore() override;

  // A system and a value must match as they are written; a value alone is ambiguous when it fits two
  // patients.
  PatientLookup find(const fhir::Identifier& identifier) override;
  // The same for the hospital's own people: a value alone may also be the patient's logical id ("id",
  // "Patient/id" or "urn:uuid:…"). Means nothing elsewhere, and no bundle carries it.
  PatientLookup find_here(const fhir::Identifier& identifier);
  void stream(const std::string& patient_key, const std::function<bool(fhir::Prepared&&)>& take) override;
  // The patient first, then what belongs in sections. Prepared::source stays empty.
  void stream_sections(const std::string& patient_key,
                       const std::function<bool(fhir::Prepared&&)>& take) override;
  std::vector<fhir::Prepared> fetch(const std::vector<std::string>& full_urls) override;
  std::vector<std::string> unavailable_kinds() const override;

  // Every Consent of every patient, as they came.
  void stream_consents(const std::function<void(fhir::Prepared&&)>& take);

  // One transaction: all resources are stored or none. A resource with a known key replaces it. Throws
  // Unavailable, also when a resource has the full_url of another.
  void put(const std::vector<fhir::Prepared>& resources);
  // One transaction, committed when `work` returns true, rolled back when it returns false or throws.
  bool write(const std::function<bool(StoreWriter&)>& work);
  // Moves what was written from the WAL into the file, which makes reading faster; left for later if readers
  // are in the way.
  void tidy();

  struct PatientRow {
    std::string key, name, birth_date;
    std::vector<fhir::Identifier> identifiers;
    std::uint64_t resources = 0;
  };
  // Patients in key order, `after` excluded, at most `limit`.
  std::vector<PatientRow> list(const std::string& after, std::size_t limit) const;

  // Every identifier of a patient, in order; none if there is nobody with this key.
  std::vector<fhir::Identifier> identifiers(const std::string& patient_key) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct ImportProgress {
  std::uint64_t files = 0;  // dealt with so far, whatever became of them
  std::uint64_t bytes = 0;  // of total_bytes, as they lie on disk
  std::uint64_t total_bytes = 0;
  std::uint64_t stored = 0;           // resources that are new or different
  std::uint64_t unchanged = 0;        // resources that were in the store like that
  std::uint64_t rejected = 0;         // resources and whole files
  std::uint64_t unchanged_files = 0;  // not read again: loaded before without a rejection, same bytes
};
struct Rejected {
  std::string place;   // file and position: "a.ndjson:12", "b.json entry[3]"
  std::string reason;  // what is wrong; no values
};

struct ImportOptions {
  fhir::PrepareOptions prepare;
  // What the path `-` means: a file that holds what came on standard input. Else it is a path like others.
  std::optional<std::filesystem::path> standard_input{};
};

// Loads FHIR R4 Bundles (any type) and single resources as JSON, NDJSON, gzip of either; directories
// recursively, in name order (files named *.json, *.ndjson, *.jsonl, each also with .gz; a file that is given
// itself may have any name). Streaming: constant memory beyond one resource. Resumable and idempotent: a file
// is one transaction, and is recorded when it is complete. A broken file (cut in half, not JSON, nested too
// deep, a member twice) is rejected as a whole with its place: nothing of it is kept, the rest goes on. A
// resource that is not valid FHIR R4 is rejected alone. Throws Unavailable if the store can't write.
ImportProgress import_files(SqliteStore& store, const std::vector<std::filesystem::path>& paths,
                            const std::function<void(const ImportProgress&)>& on_progress,
                            const std::function<void(const Rejected&)>& on_rejected,
                            const ImportOptions& options = {});

}  // namespace edge::his
