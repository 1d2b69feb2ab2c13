// Writing a log as tiles.
//
// A crash or a full disk costs nothing but what a second run writes again. Only the checkpoint is put in
// place atomically and synced by itself; before that one syncfs(2) brings everything else to the disk, since
// a wait for each of the thousands of tiles would be most of the time an export takes. So what the checkpoint
// in the directory covers is whole, and a file that lies beyond it may be torn: nobody reads it, and it is
// written anew.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>

#include "ledger-client/core/merkle.h"
#include "ledger-client/store/atomic_file.h"
#include "ledger-client/store/tiles.h"

namespace ledger {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kPublic = 0666;  // less the umask
constexpr std::size_t kPieceBytes = 64 * 1024;

[[noreturn]] void fail(const fs::path& file, int error) {
  throw std::system_error(error, std::generic_category(), file.string());
}

// How many entries an older export has finished in the directory.
std::uint64_t finished_entries(const fs::path& directory, const std::string& origin) {
  if (!fs::exists(directory / "checkpoint")) return 0;
  try {
    const TileDirectory older(directory);
    return older.origin() == origin ? older.size() : 0;
  } catch (const UnreadableLog&) {
    return 0;
  }
}

void write_tile(const fs::path& file, const std::string& content) {
  fs::create_directories(file.parent_path());
  errno = 0;
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  stream.write(content.data(), static_cast<std::streamsize>(content.size()));
  stream.close();
  if (!stream) fail(file, errno == 0 ? EIO : errno);
}

// Collects hashes or entries and writes a tile whenever 256 are there, and what is left at the end.
class TileFiles {
 public:
  // `finished`: as many hashes or entries of this level are there already.
  TileFiles(fs::path directory, std::string level, std::uint64_t finished)
      : directory_(std::move(directory)), level_(std::move(level)), finished_(finished) {}

  void add(std::string_view bytes) {
    content_ += bytes;
    if (++width_ == kTileWidth) flush();
  }

  void flush() {
    if (width_ == 0) return;
    const auto file = directory_ / tile_path(level_, number_, width_);
    const bool finished = number_ * kTileWidth + width_ <= finished_ && fs::exists(file);
    if (!finished) write_tile(file, content_);
    ++number_;
    width_ = 0;
    content_.clear();
  }

 private:
  fs::path directory_;
  std::string level_;
  std::uint64_t finished_;
  std::uint64_t number_ = 0;
  std::uint64_t width_ = 0;
  std::string content_;
};

// entries.jsonl, in pieces that are worth a system call.
class LinesFile {
 public:
  explicit LinesFile(const fs::path& file) : out_(file, kPublic) {}

  void add(std::string_view line) {
    (piece_ += line) += '\n';
    if (piece_.size() >= kPieceBytes) flush();
  }

  void finish() {
    flush();
    out_.commit();
  }

 private:
  void flush() {
    out_.write(piece_);
    piece_.clear();
  }

  AtomicFile out_;
  std::string piece_;
};

// A bundle's entry: u16 big endian length, bytes.
std::string bundled(std::string_view line) {
  if (line.size() > 0xffff) throw std::invalid_argument("an entry is too long for a bundle");
  const char length[] = {static_cast<char>(line.size() >> 8U), static_cast<char>(line.size() & 0xffU)};
  return std::string(length, 2).append(line);
}

void write_upper_tiles(const LogSource& source, std::uint64_t size, std::uint64_t finished,
                       const fs::path& directory) {
  for (unsigned level = 1; level <= kMaxTileLevel; ++level) {
    TileFiles tiles(directory, std::to_string(level), finished >> (kTileHeight * level));
    for (std::uint64_t index = 0; index < size >> (kTileHeight * level); ++index) {
      tiles.add(as_text(source.node(kTileHeight * level, index)));
    }
    tiles.flush();
  }
}

void sync_file_system(const fs::path& directory) {
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) fail(directory, errno);
  const int error = ::syncfs(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  if (error != 0) fail(directory, error);
}

}  // namespace

void export_tiles(const LogSource& source, std::uint64_t size, const std::string& note,
                  const fs::path& directory,
                  const std::function<void(std::uint64_t done, std::uint64_t total)>& progress) {
  fs::create_directories(directory);
  const auto finished = finished_entries(directory, source.origin());
  LinesFile lines(directory / "entries.jsonl");
  TileFiles leaves(directory, "0", finished);
  TileFiles bundles(directory, kEntriesLevel, finished);
  source.for_each_entry(0, size, [&](const StoredEntry& entry) {
    bundles.add(bundled(entry.line));
    leaves.add(as_text(leaf_hash(as_bytes(entry.line))));
    lines.add(entry.line);
    if (progress && entry.index % kTileWidth == 0) progress(entry.index, size);
    return true;
  });
  bundles.flush();
  leaves.flush();
  write_upper_tiles(source, size, finished, directory);
  lines.finish();
  sync_file_system(directory);
  AtomicFile checkpoint(directory / "checkpoint", kPublic);
  checkpoint.write(note);
  checkpoint.commit();
  if (progress) progress(size, size);
}

}  // namespace ledger
