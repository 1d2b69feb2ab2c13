#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "ledger-client/store/tiles.h"
#include "ledger-client/store/verify.h"
#include "tests/fuzz/require.h"

namespace fs = std::filesystem;

namespace {

// A folder of this process, removed with it.
struct Folder {
  Folder() : path(fs::temp_directory_path() / ("fuzz-tiles-" + std::to_string(::getpid()))) {
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
  fs::path path;
};

// The input is the files one after the other, each ended by a line of its own: checkpoint, leaves, bundle of
// entries, lines.
std::string_view next_part(std::string_view& rest) {
  constexpr std::string_view kEnd = "\n--\n";
  const auto end = rest.find(kEnd);
  const auto part = rest.substr(0, end);
  rest.remove_prefix(end == rest.npos ? rest.size() : end + kEnd.size());
  return part;
}

// Anew each time: a file that was cut to nothing is flushed when it is closed (ext4), which takes
// milliseconds.
void write(const fs::path& file, std::string_view content) {
  fs::create_directories(file.parent_path());
  fs::remove(file);
  std::ofstream(file, std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
}

}  // namespace

// An exported log as strangers publish it: it is refused in words, or read, and never verifies without a key.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder folder;
  std::string_view rest = ledger::as_text({data, size});
  write(folder.path / "checkpoint", next_part(rest));
  const auto leaves = next_part(rest), bundle = next_part(rest);
  write(folder.path / ledger::tile_path("0", 0, ledger::kTileWidth), leaves);
  write(folder.path / ledger::tile_path("entries", 0, ledger::kTileWidth), bundle);
  rest.empty() ? void(fs::remove(folder.path / "entries.jsonl")) : write(folder.path / "entries.jsonl", rest);
  try {
    const ledger::TileDirectory log(folder.path);
    (void)log.line(0);
    (void)log.line(log.size());
    FUZZ_REQUIRE(ledger::verify_log(log, {}).fault.has_value());
    ledger::VerifyOptions options;
    options.signatures = false;
    const auto verified = ledger::verify_log(log, {}, options);
    FUZZ_REQUIRE(verified.fault || verified.entries == log.size());
  } catch (const ledger::UnreadableLog&) {
  } catch (const std::out_of_range&) {
  }
  return 0;
}
