// Writing into the embedded HIS within a transaction that somebody else holds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/core/fhir/prepared.h"
#include "ledger-client/store/sqlite.h"

namespace edge::his {

// A file that was loaded completely.
struct FileRecord {
  std::string path;
  std::uint64_t size = 0;
  std::string sha256;
  std::uint64_t rejected = 0;
};

// Belongs to one thread at a time, like the Database. Throws SqliteError.
class StoreWriter {
 public:
  explicit StoreWriter(ledger::sqlite::Database& database) : database_(database) {}

  enum class Stored { kNew, kUnchanged };
  // Stores or replaces by key. A Problem if another resource already has its full_url: two entries of a
  // document can't share one.
  ledger::Result<Stored> put(const fhir::Prepared& resource);

  // Nothing if the file was never completed, or by another version of this program, which may prepare
  // resources differently.
  std::optional<FileRecord> file_record(const std::string& path);
  void record_file(const FileRecord& file);

  // Notes about the Bundle being loaded, on disk because a Bundle may be larger than memory. They belong to
  // the transaction. False if the name was known already, which then keeps its value.
  bool note(std::int64_t bundle, std::string_view name, std::string_view value);
  std::optional<std::string> noted(std::int64_t bundle, std::string_view name);
  bool has_notes();
  void forget_notes();

 private:
  std::int64_t patient_number(const std::string& key);
  void put_identifiers(std::int64_t patient, const std::vector<fhir::Identifier>& identifiers);

  ledger::sqlite::Database& database_;
};

}  // namespace edge::his
