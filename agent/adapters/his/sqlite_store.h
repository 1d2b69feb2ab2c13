// The embedded HIS: FHIR resources, prepared, in one SQLite file with the documented views ehr_patient and ehr_resource.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/core/ports.h"

namespace edge::his {

// Thread-safe: readers have connections of their own (pooled); one writer at a time.
class SqliteStore : public RecordSource {
 public:
  explicit SqliteStore(const std::filesystem::path& database);
  ~SqliteStore() override;

  PatientLookup find(const fhir::Identifier& identifier) override;
  void stream(const std::string& patient_key, const std::function<bool(fhir::Prepared&&)>& take) override;
  void stream_sections(const std::string& patient_key, const std::function<bool(fhir::Prepared&&)>& take) override;
  std::vector<fhir::Prepared> fetch(const std::vector<std::string>& full_urls) override;
  std::vector<std::string> unavailable_kinds() const override;

  // One transaction: all resources are stored or none. A resource with a known key replaces it (idempotent import).
  void put(const std::vector<fhir::Prepared>& resources);

  struct PatientRow {
    std::string key, name, birth_date;
    std::vector<fhir::Identifier> identifiers;
    std::uint64_t resources = 0;
  };
  // Patients in key order, `after` excluded, at most `limit`.
  std::vector<PatientRow> list(const std::string& after, std::size_t limit) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct ImportProgress {
  std::uint64_t files = 0, bytes = 0, total_bytes = 0, stored = 0, rejected = 0, unchanged_files = 0;
};
struct Rejected {
  std::string place;   // file and position: "a.ndjson:12", "b.json entry[3]"
  std::string reason;  // what is wrong; no values
};

// Loads FHIR R4 Bundles (any type) and single resources as JSON, NDJSON, gzip of either; directories recursively, in name order.
// Streaming: constant memory per file beyond one resource. Resumable and idempotent: a file is recorded when it is complete. A broken
// file (cut in half, not JSON) is rejected as a whole with its place: nothing of it is kept, the rest goes on.
ImportProgress import_files(SqliteStore& store, const std::vector<std::filesystem::path>& paths,
                            const std::function<void(const ImportProgress&)>& on_progress,
                            const std::function<void(const Rejected&)>& on_rejected);

}  // namespace edge::his
