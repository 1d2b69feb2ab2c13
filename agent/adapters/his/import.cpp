#include <algorithm>
#include <fstream>
#include <system_error>

#include "agent/adapters/his/file_import.h"
#include "agent/adapters/his/sqlite_store.h"
#include "ledger-client/core/sha256.h"

namespace edge::his {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kProgressBytes = 1 << 20;
constexpr const char* kStandardInput = "standard input";

bool looks_like_fhir(const fs::path& file) {
  const std::string name = file.filename().string();
  if (name.starts_with('.')) return false;
  return std::ranges::any_of(
      std::initializer_list<const char*>{".json", ".ndjson", ".jsonl", ".json.gz", ".ndjson.gz", ".jsonl.gz"},
      [&](const char* ending) { return name.ends_with(ending); });
}

// A path that can't be read stands in the list all the same: opening it gives the reason.
std::vector<fs::path> expand(const std::vector<fs::path>& paths) {
  std::vector<fs::path> files;
  for (const fs::path& path : paths) {
    std::error_code failed;
    if (!fs::is_directory(path, failed)) {
      files.push_back(path);
      continue;
    }
    std::vector<fs::path> found;
    fs::recursive_directory_iterator entries(path, fs::directory_options::skip_permission_denied, failed);
    for (; !failed && entries != fs::recursive_directory_iterator(); entries.increment(failed)) {
      std::error_code ignored;
      if (entries->is_regular_file(ignored) && looks_like_fhir(entries->path()))
        found.push_back(entries->path());
    }
    std::ranges::sort(found);
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

std::uint64_t size_of(const fs::path& file) {
  std::error_code failed;
  const std::uintmax_t size = fs::file_size(file, failed);
  return failed ? 0 : size;
}

std::string hash_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  ledger::Sha256 hash;
  std::string window(256 * 1024, '\0');
  while (in.read(window.data(), static_cast<std::streamsize>(window.size())) || in.gcount() > 0)
    hash.update(std::string_view(window.data(), static_cast<std::size_t>(in.gcount())));
  return ledger::to_hex(hash.finish());
}

class Import {
 public:
  Import(SqliteStore& store, const std::function<void(const ImportProgress&)>& on_progress,
         const std::function<void(const Rejected&)>& on_rejected, const ImportOptions& options)
      : store_(store), on_progress_(on_progress), on_rejected_(on_rejected), options_(options) {}

  ImportProgress run(const std::vector<fs::path>& paths) {
    const std::vector<fs::path> files = expand(paths);
    for (const fs::path& file : files) progress_.total_bytes += size_of(place_of(file));
    report();
    for (const fs::path& file : files) {
      const std::uint64_t before = progress_.bytes;
      try {
        load(file, before);
      } catch (const BrokenFile& broken) {
        ++progress_.rejected;
        reject({name_of(file), broken.what()});
      }
      ++progress_.files;
      progress_.bytes = before + size_of(place_of(file));
      report();
    }
    if (progress_.stored > 0) store_.tidy();
    return progress_;
  }

 private:
  bool is_input(const fs::path& file) const { return file == "-" && options_.standard_input; }
  fs::path place_of(const fs::path& file) const { return is_input(file) ? *options_.standard_input : file; }
  std::string name_of(const fs::path& file) const { return is_input(file) ? kStandardInput : file.string(); }

  void load(const fs::path& named, std::uint64_t before) {
    const fs::path file = place_of(named);
    const FileSource readable(file);  // or throws why not
    std::error_code ignored;
    FileRecord record{is_input(named) ? kStandardInput : fs::weakly_canonical(file, ignored).string(),
                      size_of(file), hash_of(file), 0};
    FileImport::Counts counts;
    bool unchanged = false;
    store_.write([&](StoreWriter& writer) {
      const auto known = writer.file_record(record.path);
      // A file with rejected resources is read again, so that its reasons are told again.
      unchanged = known && known->sha256 == record.sha256 && known->rejected == 0;
      if (unchanged) return false;
      FileImport import(
          writer, name_of(named), options_.prepare, [this](const Rejected& rejected) { reject(rejected); },
          [this, before](std::uint64_t position) { advance(before + position); });
      counts = import.run([&] { return std::make_unique<FileSource>(file); });
      record.rejected = counts.rejected;
      writer.record_file(record);
      return true;
    });
    if (unchanged) ++progress_.unchanged_files;
    progress_.stored += counts.stored;
    progress_.unchanged += counts.unchanged;
    progress_.rejected += counts.rejected;
  }

  void advance(std::uint64_t bytes) {
    if (bytes < progress_.bytes + kProgressBytes) return;
    progress_.bytes = std::min(bytes, progress_.total_bytes);
    report();
  }
  void report() const {
    if (on_progress_) on_progress_(progress_);
  }
  void reject(const Rejected& rejected) const {
    if (on_rejected_) on_rejected_(rejected);
  }

  SqliteStore& store_;
  const std::function<void(const ImportProgress&)>& on_progress_;
  const std::function<void(const Rejected&)>& on_rejected_;
  const ImportOptions& options_;
  ImportProgress progress_;
};

}  // namespace

ImportProgress import_files(SqliteStore& store, const std::vector<fs::path>& paths,
                            const std::function<void(const ImportProgress&)>& on_progress,
                            const std::function<void(const Rejected&)>& on_rejected,
                            const ImportOptions& options) {
  return Import(store, on_progress, on_rejected, options).run(paths);
}

}  // namespace edge::his
