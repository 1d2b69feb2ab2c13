#include "ledger-client/store/tiles.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <map>

#include "ledger-client/core/checkpoint.h"
#include "ledger-client/core/merkle.h"

namespace ledger {
namespace {

constexpr std::size_t kHashBytes = 32;

// A bundle of entries is the largest file of a tile: 256 of them, each below 64 KiB, with its length.
constexpr std::size_t kMaxTileBytes = kTileWidth * (2 + 0xffff);

std::string read_whole(const std::filesystem::path& file, std::size_t max_bytes) {
  std::ifstream stream(file, std::ios::binary);
  std::string content;
  std::array<char, 65536> piece{};
  while (stream && content.size() <= max_bytes) {
    stream.read(piece.data(), piece.size());
    content.append(piece.data(), static_cast<std::size_t>(stream.gcount()));
  }
  if (stream.bad() || (!stream && !stream.eof())) throw UnreadableLog("cannot read " + file.string());
  if (content.size() > max_bytes)
    throw UnreadableLog(file.string() + " is longer than " + std::to_string(max_bytes) + " bytes");
  return content;
}

Hash hash_at(std::string_view tile, std::uint64_t position) {
  return hash_from_bytes(as_bytes(tile.substr(position * kHashBytes, kHashBytes))).value();
}

// Takes the next entry off a bundle: u16 big endian length, bytes.
std::string_view next_entry(std::string_view& bundle) {
  if (bundle.size() < 2) throw UnreadableLog("the entry bundle ends too early");
  const auto length = static_cast<std::size_t>(as_bytes(bundle)[0]) << 8U | as_bytes(bundle)[1];
  if (bundle.size() - 2 < length) throw UnreadableLog("the entry bundle ends too early");
  const auto entry = bundle.substr(2, length);
  bundle.remove_prefix(2 + length);
  return entry;
}

// Reads no more than the line should have.
bool next_line_is(std::istream& lines, std::string_view line) {
  std::string beside(line.size() + 1, '\0');
  lines.read(beside.data(), static_cast<std::streamsize>(beside.size()));
  if (lines) return beside.ends_with('\n') && std::string_view(beside).substr(0, line.size()) == line;
  return static_cast<std::size_t>(lines.gcount()) == line.size() && beside.substr(0, line.size()) == line;
}

class DirectoryCursor final : public NodeCursor {
 public:
  DirectoryCursor(const TileDirectory& source, unsigned level)
      : source_(source), level_(level), count_(source.size() >> level) {}

  std::optional<std::pair<std::uint64_t, Hash>> next() override {
    if (next_ >= count_) return std::nullopt;
    const auto index = next_++;
    return std::pair(index, source_.node(level_, index));
  }

 private:
  const TileDirectory& source_;
  unsigned level_;
  std::uint64_t count_;
  std::uint64_t next_ = 0;
};

}  // namespace

std::string tile_path(const std::string& level, std::uint64_t number, std::uint64_t width) {
  const auto three_digits = [](std::uint64_t value) {
    auto digits = std::to_string(value);
    return std::string(3 - digits.size(), '0') + digits;
  };
  std::string groups = three_digits(number % 1000);
  for (number /= 1000; number > 0; number /= 1000) groups = "x" + three_digits(number % 1000) + "/" + groups;
  auto path = "tile/" + level + "/" + groups;
  if (width < kTileWidth) path += ".p/" + std::to_string(width);
  return path;
}

struct TileDirectory::State {
  std::filesystem::path directory;
  std::string note;
  Checkpoint checkpoint;
  // The tile or bundle read last of each level; walking in order reads each file once.
  struct Held {
    std::uint64_t number = 0;
    std::string content;
  };
  mutable std::map<std::string, Held> held;

  // `total`: of all hashes or entries of that level.
  const std::string& tile(const std::string& level, std::uint64_t number, std::uint64_t total) const {
    if (const auto found = held.find(level); found != held.end() && found->second.number == number) {
      return found->second.content;
    }
    const auto width = std::min(kTileWidth, total - number * kTileWidth);
    auto file = directory / tile_path(level, number, width);
    if (!std::filesystem::exists(file)) file = directory / tile_path(level, number, kTileWidth);
    if (!std::filesystem::exists(file)) throw UnreadableLog(tile_path(level, number, width) + " is missing");
    return (held[level] = {number, read_whole(file, kMaxTileBytes)}).content;
  }

  Hash stored_hash(unsigned tile_level, std::uint64_t index) const {
    const auto total = checkpoint.size >> (kTileHeight * tile_level);
    const auto name = std::to_string(tile_level) + "/" + std::to_string(index);
    if (index >= total) throw std::out_of_range("hash " + name + " lies outside the tree");
    const auto& content = tile(std::to_string(tile_level), index / kTileWidth, total);
    if (content.size() % kHashBytes != 0 || content.size() / kHashBytes <= index % kTileWidth) {
      throw UnreadableLog("the tile of hash " + name + " has the wrong length");
    }
    return hash_at(content, index % kTileWidth);
  }
};

TileDirectory::TileDirectory(std::filesystem::path directory) : state_(std::make_unique<State>()) {
  state_->directory = std::move(directory);
  const auto file = state_->directory / "checkpoint";
  if (!std::filesystem::exists(file))
    throw UnreadableLog("there is no checkpoint in " + state_->directory.string());
  state_->note = read_whole(file, kMaxNoteBytes);
  const auto note = parse_note(state_->note);
  if (!note) throw DamagedLog(file.string() + ": " + note.error().reason);
  auto checkpoint = parse_checkpoint(note->text);
  if (!checkpoint) throw DamagedLog(file.string() + ": " + checkpoint.error().reason);
  state_->checkpoint = *checkpoint;
}

TileDirectory::~TileDirectory() = default;

std::string TileDirectory::origin() const {
  return state_->checkpoint.origin;
}
std::uint64_t TileDirectory::size() const {
  return state_->checkpoint.size;
}
std::optional<std::string> TileDirectory::newest_checkpoint_note() const {
  return state_->note;
}
std::vector<StoredCheckpoint> TileDirectory::checkpoints() const {
  return {{size(), state_->note}};
}

std::optional<std::string> TileDirectory::line(std::uint64_t index) const {
  if (index >= size()) return std::nullopt;
  std::string_view bundle = state_->tile(kEntriesLevel, index / kTileWidth, size());
  for (std::uint64_t before = 0; before < index % kTileWidth; ++before) next_entry(bundle);
  return std::string(next_entry(bundle));
}

Hash TileDirectory::node(unsigned level, std::uint64_t index) const {
  if (level % kTileHeight == 0) return state_->stored_hash(level / kTileHeight, index);
  return node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1));
}

std::unique_ptr<NodeCursor> TileDirectory::nodes(unsigned level) const {
  if (level % kTileHeight != 0) return nullptr;
  return std::make_unique<DirectoryCursor>(*this, level);
}

void TileDirectory::for_each_entry(std::uint64_t from, std::uint64_t to,
                                   const std::function<bool(const StoredEntry&)>& take) const {
  to = std::min(to, size());
  std::ifstream lines;
  if (from == 0) lines.open(state_->directory / "entries.jsonl", std::ios::binary);
  for (auto start = from / kTileWidth * kTileWidth; start < to; start += kTileWidth) {
    const std::string bundle = state_->tile(kEntriesLevel, start / kTileWidth, size());
    std::string_view rest = bundle;
    const auto end = std::min(start + kTileWidth, to);
    for (auto index = start; index < end; ++index) {
      const auto line = next_entry(rest);
      if (lines.is_open() && !next_line_is(lines, line)) {
        throw UnreadableLog("entries.jsonl differs from the entry bundle");
      }
      if (index >= from && !take({index, line, node(0, index)})) return;
    }
  }
}

}  // namespace ledger
