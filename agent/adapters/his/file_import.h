// Loading one file into the store, within a transaction that somebody else commits.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/adapters/his/json_scanner.h"
#include "agent/adapters/his/sqlite_store.h"
#include "agent/adapters/his/store_writer.h"

namespace edge::his {

// The file is read twice. The survey checks that all of it is JSON, and notes what only the whole tells:
// which values are Bundles and which fullUrls say something else than the id (those references are then
// rewritten, as a FHIR server does that executes a transaction). Only after that, the load hands every
// resource to prepare() and the store.
class FileImport {
 public:
  // `name` stands in places. `open` gives the bytes from the start, each time it is called.
  using Open = std::function<std::unique_ptr<ByteSource>()>;
  struct Counts {
    std::uint64_t stored = 0, unchanged = 0, rejected = 0;
  };
  FileImport(StoreWriter& writer, std::string name, const fhir::PrepareOptions& options,
             std::function<void(const Rejected&)> on_rejected,
             std::function<void(std::uint64_t)> on_position);

  // Throws BrokenFile, and then nothing may be committed.
  Counts run(const Open& open);

 private:
  using Value = void (FileImport::*)(JsonScanner&, const std::string& place);

  // Hands every value of the source on; gives how many there were.
  std::size_t walk(ByteSource& source, const std::string& place, Value value, bool with_lines);
  void survey_value(JsonScanner& scanner, const std::string& place);
  void survey_entry(std::string& entry_text, std::int64_t bundle, const std::string& place);
  void load_value(JsonScanner& scanner, const std::string& place);
  void load_entry(std::string& entry_text, std::int64_t bundle, const std::string& place);
  void load_resource(std::string_view text, std::string_view full_url, std::int64_t bundle,
                     const std::string& place);
  void reject(const std::string& place, const std::string& reason);

  StoreWriter& writer_;
  std::string name_;
  fhir::PrepareOptions options_;
  std::function<void(const Rejected&)> on_rejected_;
  std::function<void(std::uint64_t)> on_position_;
  Counts counts_;
  // Of each value, in the order both passes meet them. A history holds versions of a resource, the newest
  // first.
  std::vector<bool> bundles_, histories_;
  std::size_t next_value_ = 0;
  const ByteSource* source_ = nullptr;
};

}  // namespace edge::his
