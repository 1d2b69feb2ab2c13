// A log as a directory in tlog-tiles layout (C2SP tlog-tiles v0.1.0; formats.md 7): `checkpoint`,
// `tile/<L>/<N>[.p/<W>]` and `tile/entries/<N>[.p/<W>]`. Any static file server publishes it, other
// transparency-log tools read it.
#pragma once

#include <filesystem>
#include <string>

#include "ledger-client/store/log_source.h"

namespace ledger {

inline constexpr std::uint64_t kTileWidth = 256;
inline constexpr unsigned kTileHeight = 8;    // levels of the tree in a tile
inline constexpr unsigned kMaxTileLevel = 5;  // 2^48 entries
inline constexpr const char* kEntriesLevel = "entries";

// "tile/0/x001/234.p/7": `width` 256 is the full tile. Level kEntriesLevel for bundles.
std::string tile_path(const std::string& level, std::uint64_t number, std::uint64_t width);

// A directory in that layout. Reads a full tile and cuts it where a partial one is gone. One thread at a
// time.
class TileDirectory final : public LogSource {
 public:
  // Throws UnreadableLog if there is no checkpoint in it, DamagedLog if that is none.
  explicit TileDirectory(std::filesystem::path directory);
  ~TileDirectory() override;

  std::string origin() const override;
  std::uint64_t size() const override;  // of the checkpoint
  std::optional<std::string> line(std::uint64_t index) const override;
  std::optional<std::string> newest_checkpoint_note() const override;
  std::vector<StoredCheckpoint> checkpoints() const override;
  // Levels that no tile holds are hashed from the nearest one below.
  Hash node(unsigned level, std::uint64_t index) const override;
  std::unique_ptr<NodeCursor> nodes(unsigned level) const override;
  // Throws UnreadableLog where entries.jsonl, if there is one, says something else than the bundles.
  void for_each_entry(std::uint64_t from, std::uint64_t to,
                      const std::function<bool(const StoredEntry&)>& take) const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Writes the first `size` entries, which `note` commits to, as such a directory, and `entries.jsonl` (the
// lines) beside. The checkpoint comes last, when all that it covers is on the disk: until then the older one
// stays. The directory is created; what an older export of the log has finished in it is completed, never
// changed. Throws std::system_error, whose text names the file where it isn't a filesystem_error, and
// std::invalid_argument if an entry is too long for a bundle.
void export_tiles(const LogSource& source, std::uint64_t size, const std::string& note,
                  const std::filesystem::path& directory,
                  const std::function<void(std::uint64_t done, std::uint64_t total)>& progress = {});

}  // namespace ledger
