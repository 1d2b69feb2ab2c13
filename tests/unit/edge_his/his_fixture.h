// What the tests of the embedded HIS share: a store in a directory of its own, files to import, and what an
// import said.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "agent/adapters/his/sqlite_store.h"
#include "tests/support/temp_dir.h"

namespace his_test {

struct Imported {
  edge::his::ImportProgress progress;
  std::vector<edge::his::Rejected> rejected;
};

// Every rejection's reason and place, for failure messages.
std::string told(const Imported& imported);

struct Hospital {
  test_support::TempDir dir;
  std::filesystem::path database = dir / "his.db";
  edge::his::SqliteStore store{database};

  std::filesystem::path file(const std::string& name, const std::string& content) const;
  Imported import(const std::vector<std::filesystem::path>& paths);
  // Writes and imports one file.
  Imported import_text(const std::string& name, const std::string& content);
  std::vector<edge::fhir::Prepared> all_of(const std::string& patient_key);
  std::vector<edge::fhir::Prepared> sections_of(const std::string& patient_key);
};

std::string gzip(const std::string& content);
// A hash of everything that is stored, whatever order it was stored in.
std::string fingerprint(const std::filesystem::path& database);
// The key that was found, "unknown" or "ambiguous": for the hospital's own people, and for a peer.
std::string found(edge::his::SqliteStore& store, const std::string& system, const std::string& value);
std::string found_by_peer(edge::his::SqliteStore& store, const std::string& system, const std::string& value);

}  // namespace his_test
