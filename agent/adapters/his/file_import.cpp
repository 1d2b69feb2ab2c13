#include "agent/adapters/his/file_import.h"

#include <algorithm>
#include <cstring>

#include "agent/adapters/his/bundle_entry.h"

namespace edge::his {

namespace {

// A resource in a Bundle lies three levels deep: Bundle, its entries, the entry.
constexpr std::size_t kBundleDepth = 3;
// What an entry may hold beside its resource.
constexpr std::size_t kEntryOverhead = 64 * 1024;
constexpr std::string_view kSeen = "seen ";

// A Bundle inside a Bundle (the answer to a batch of searches).
class MemorySource : public ByteSource {
 public:
  explicit MemorySource(std::string_view text) : text_(text) {}
  std::size_t read(char* out, std::size_t size) override {
    const std::size_t taken = std::min(size, text_.size());
    std::memcpy(out, text_.data(), taken);
    text_.remove_prefix(taken);
    return taken;
  }
  std::uint64_t position() const override { return 0; }

 private:
  std::string_view text_;
};

std::string entry_place(const std::string& place, std::size_t index) {
  return place + " entry[" + std::to_string(index) + "]";
}

}  // namespace

FileImport::FileImport(StoreWriter& writer, std::string name, const fhir::PrepareOptions& options,
                       std::function<void(const Rejected&)> on_rejected,
                       std::function<void(std::uint64_t)> on_position)
    : writer_(writer),
      name_(std::move(name)),
      options_(options),
      on_rejected_(std::move(on_rejected)),
      on_position_(std::move(on_position)) {}

FileImport::Counts FileImport::run(const Open& open) {
  writer_.forget_notes();
  const std::unique_ptr<ByteSource> first = open();
  const std::size_t values = walk(*first, name_, &FileImport::survey_value, false);
  if (values == 0) throw BrokenFile("nothing is in it");
  next_value_ = 0;
  const std::unique_ptr<ByteSource> second = open();
  source_ = second.get();
  walk(*second, name_, &FileImport::load_value, values > 1);
  writer_.forget_notes();
  return counts_;
}

std::size_t FileImport::walk(ByteSource& source, const std::string& place, Value value, bool with_lines) {
  JsonScanner scanner(source, options_.max_depth + kBundleDepth);
  std::size_t values = 0;
  for (; scanner.peek() != JsonScanner::kEnd; ++values) {
    if (scanner.peek() != '{')
      throw BrokenFile("line " + std::to_string(scanner.line()) + ": not a FHIR resource");
    (this->*value)(scanner, with_lines ? place + ":" + std::to_string(scanner.line()) : place);
  }
  return values;
}

void FileImport::survey_value(JsonScanner& scanner, const std::string& place) {
  const std::size_t number = bundles_.size();
  bundles_.push_back(false);
  histories_.push_back(false);
  std::string entry;
  scanner.object([&](const std::string& member) {
    const int next = scanner.peek();
    if (member == "resourceType" && next == '"') {
      bundles_[number] = scanner.string() == "Bundle";
    } else if (member == "type" && next == '"') {
      histories_[number] = scanner.string() == "history";
    } else if (member == "entry" && next == '[') {
      scanner.array([&] {
        if (scanner.text(entry, options_.max_bytes + kEntryOverhead))
          survey_entry(entry, static_cast<std::int64_t>(number), place);
      });
    } else {
      scanner.skip();
    }
  });
}

void FileImport::survey_entry(std::string& entry_text, std::int64_t bundle, const std::string& place) {
  const auto entry = read_entry(entry_text);
  if (!entry) return;
  if (entry->kind == "Bundle") {
    MemorySource nested(entry->resource);
    walk(nested, place, &FileImport::survey_value, false);
  } else if (!url_names_key(entry->full_url, entry->kind, entry->id)) {
    writer_.note(bundle, entry->full_url, entry->kind + "/" + entry->id);
  }
}

void FileImport::load_value(JsonScanner& scanner, const std::string& place) {
  // Only a file that was changed between the passes has more values now.
  if (next_value_ >= bundles_.size()) throw BrokenFile("the file changed while it was read");
  const std::size_t number = next_value_++;
  std::string text;
  if (!bundles_[number]) {
    if (scanner.text(text, options_.max_bytes)) {
      load_resource(text, {}, static_cast<std::int64_t>(number), place);
    } else {
      reject(place, "larger than " + std::to_string(options_.max_bytes) + " bytes");
    }
    return;
  }
  scanner.object([&](const std::string& member) {
    if (member != "entry" || scanner.peek() != '[') return scanner.skip();
    std::size_t index = 0;
    scanner.array([&] {
      const std::string here = entry_place(place, index++);
      if (scanner.text(text, options_.max_bytes + kEntryOverhead)) {
        load_entry(text, static_cast<std::int64_t>(number), here);
      } else {
        reject(here, "larger than " + std::to_string(options_.max_bytes) + " bytes");
      }
    });
  });
}

void FileImport::load_entry(std::string& entry_text, std::int64_t bundle, const std::string& place) {
  const auto entry = read_entry(entry_text);
  if (!entry) return reject(place, entry.error().reason);
  if (entry->method == "DELETE") return reject(place, "request.method: a deletion has nothing to load");
  if (entry->resource.empty() || entry->outcome) return;
  if (entry->kind == "Bundle") {
    MemorySource nested(entry->resource);
    walk(nested, place, &FileImport::load_value, false);
    return;
  }
  load_resource(entry->resource, entry->full_url, bundle, place);
}

void FileImport::load_resource(std::string_view text, std::string_view full_url, std::int64_t bundle,
                               const std::string& place) {
  if (on_position_ && source_ != nullptr) on_position_(source_->position());
  const auto lookup = [&](std::string_view url) { return writer_.noted(bundle, url); };
  std::string rewritten;
  if (bundles_[static_cast<std::size_t>(bundle)] && writer_.has_notes()) {
    rewritten = rewrite_references(text, lookup);
    text = rewritten;
    if (lookup(full_url)) full_url = {};
  }
  const auto prepared = fhir::prepare(text, full_url, options_);
  if (!prepared) return reject(place, prepared.error().reason);
  if (histories_[static_cast<std::size_t>(bundle)] &&
      !writer_.note(bundle, std::string(kSeen) + prepared->key, ""))
    return;
  const auto stored = writer_.put(*prepared);
  if (!stored) return reject(place, stored.error().reason);
  ++(*stored == StoreWriter::Stored::kNew ? counts_.stored : counts_.unchanged);
}

void FileImport::reject(const std::string& place, const std::string& reason) {
  ++counts_.rejected;
  on_rejected_({place, reason});
}

}  // namespace edge::his
