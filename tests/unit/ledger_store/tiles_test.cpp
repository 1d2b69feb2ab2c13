#include "ledger-client/store/tiles.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "ledger-client/core/checkpoint.h"
#include "ledger-client/core/merkle.h"
#include "ledger-client/core/proof.h"
#include "ledger-client/store/verify.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;
using ledger::TileDirectory;

namespace {

nlohmann::json read_json(const fs::path& file) {
  return nlohmann::json::parse(test_support::read_file(file));
}

// A directory of our own with the tiles of a vector and the checkpoint of one size.
void take_over(const fs::path& vector, const std::string& checkpoint, const fs::path& to) {
  fs::copy(vector / "tile", to / "tile", fs::copy_options::recursive);
  fs::copy_file(vector / checkpoint, to / "checkpoint");
}

std::vector<ledger::NoteKey> log_key(const fs::path& testkit) {
  return {
      ledger::NoteKey::from_vkey(read_json(testkit / "generated/keys.json")["log"]["vkey"].get<std::string>())
          .value()};
}

ledger::VerifyReport verify_tree(const fs::path& directory, const std::vector<ledger::NoteKey>& keys) {
  ledger::VerifyOptions options;
  options.chain = false;
  return ledger::verify_log(TileDirectory(directory), keys, options);
}

}  // namespace

TEST_CASE("tile paths are those of the specification") {
  CHECK(ledger::tile_path("0", 1234067, 256) == "tile/0/x001/x234/067");
  CHECK(ledger::tile_path("entries", 0, 1) == "tile/entries/000.p/1");
  const auto testkit = test_support::shared_data("testkit/tlog/generated/tile-paths.json");
  if (!testkit) return;
  for (const auto& vector : read_json(*testkit)) {
    CHECK(ledger::tile_path(std::to_string(vector["level"].get<int>()), vector["index"].get<std::uint64_t>(),
                            vector["width"].get<std::uint64_t>()) == vector["path"].get<std::string>());
  }
}

TEST_CASE("directories of other implementations verify, at every size they have a checkpoint of") {
  const auto testkit = test_support::shared_data("testkit/tlog");
  if (!testkit) return;
  SECTION("made with x/mod") {
    for (const auto size : {0, 1, 2, 3, 7, 8, 255, 256, 257, 511, 512, 513, 600}) {
      const test_support::TempDir dir;
      take_over(*testkit / "generated/log", "checkpoint." + std::to_string(size), dir.path());
      const auto report = verify_tree(dir.path(), log_key(*testkit));
      INFO(size << ": " << (report.fault ? report.fault->reason : ""));
      CHECK_FALSE(report.fault);
      CHECK(report.entries == static_cast<std::uint64_t>(size));
    }
  }
  SECTION("made by Tessera") {
    const auto key = ledger::NoteKey::from_vkey(
        "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx");
    for (int size = 0; size <= 15; ++size) {
      const test_support::TempDir dir;
      take_over(*testkit / "tessera-log", "checkpoint." + std::to_string(size), dir.path());
      const auto report = verify_tree(dir.path(), {key.value()});
      INFO(size << ": " << (report.fault ? report.fault->reason : ""));
      CHECK_FALSE(report.fault);
      CHECK(report.entries == static_cast<std::uint64_t>(size));
      if (size > 0) CHECK(TileDirectory(dir.path()).line(0) == "one");
    }
  }
}

// Signed by a mirror alone, whose key verify_log does not take for a log's.
TEST_CASE("a mirror's tiles and entries lead to the root it cosigned") {
  const auto testkit = test_support::shared_data("testkit/tlog");
  if (!testkit) return;
  const test_support::TempDir dir;
  take_over(*testkit / "sunlight-mirror", "checkpoint", dir.path());
  const TileDirectory log(dir.path());
  CHECK(log.origin() == "rome2026h1.example.org");
  REQUIRE(log.size() == 300);
  const auto read = [&](unsigned level, std::uint64_t index) { return log.node(level, index); };
  for (std::uint64_t i = 0; i < 300; ++i) {
    CHECK(log.line(i) == "record " + std::to_string(i));
    CHECK(log.node(0, i) == ledger::leaf_hash(ledger::as_bytes(*log.line(i))));
  }
  const auto note = ledger::parse_note(*log.newest_checkpoint_note());
  REQUIRE(note.ok());
  CHECK(ledger::root_from_nodes(300, read) == ledger::parse_checkpoint(note->text)->root);
}

TEST_CASE("an export is byte for byte what another implementation wrote") {
  const auto testkit = test_support::shared_data("testkit/tlog");
  if (!testkit) return;
  for (const auto size : {1, 255, 256, 257, 600}) {
    const test_support::TempDir source;
    const test_support::TempDir target;
    take_over(*testkit / "generated/log", "checkpoint." + std::to_string(size), source.path());
    const TileDirectory log(source.path());
    ledger::export_tiles(log, log.size(), *log.newest_checkpoint_note(), target.path());
    std::size_t files = 0;
    for (const auto& item : fs::recursive_directory_iterator(target.path())) {
      const auto name = fs::relative(item.path(), target.path());
      if (!item.is_regular_file() || name == "entries.jsonl") continue;
      ++files;
      INFO(size << ": " << name);
      REQUIRE(test_support::read_file(item.path()) == test_support::read_file(source.path() / name));
    }
    CHECK(files >= 3);
    CHECK_FALSE(verify_tree(target.path(), log_key(*testkit)).fault);
  }
}

TEST_CASE("a second export of a longer log only adds") {
  const auto testkit = test_support::shared_data("testkit/tlog");
  if (!testkit) return;
  const test_support::TempDir target;
  for (const auto* checkpoint : {"checkpoint.257", "checkpoint.600"}) {
    const test_support::TempDir source;
    take_over(*testkit / "generated/log", checkpoint, source.path());
    const TileDirectory log(source.path());
    ledger::export_tiles(log, log.size(), *log.newest_checkpoint_note(), target.path());
  }
  const auto report = verify_tree(target.path(), log_key(*testkit));
  CHECK_FALSE(report.fault);
  CHECK(report.entries == 600);
  CHECK(fs::exists(target / "tile/entries/001.p/1"));
}

TEST_CASE("what an export that was cut off left torn is written anew, what one has finished is left alone") {
  const auto testkit = test_support::shared_data("testkit/tlog");
  if (!testkit) return;
  const test_support::TempDir target;
  const auto export_of = [&](const std::string& size) {
    const test_support::TempDir source;
    take_over(*testkit / "generated/log", "checkpoint." + size, source.path());
    const TileDirectory log(source.path());
    ledger::export_tiles(log, log.size(), *log.newest_checkpoint_note(), target.path());
  };
  export_of("257");
  const auto finished = target / "tile/entries/000";
  const auto before = fs::last_write_time(finished) - std::chrono::hours(1);
  fs::last_write_time(finished, before);
  // As a crash leaves files that were written and not yet on the disk.
  for (const auto* file : {"tile/0/001", "tile/entries/001", "tile/0/002.p/88"}) {
    fs::create_directories((target / file).parent_path());
    std::ofstream(target / file).close();
  }
  export_of("600");
  CHECK_FALSE(verify_tree(target.path(), log_key(*testkit)).fault);
  CHECK(fs::last_write_time(finished) == before);
  // Nor is a checkpoint worth anything that never reached the disk.
  std::ofstream(target / "checkpoint").close();
  std::ofstream(target / "tile/0/000").close();
  export_of("600");
  CHECK_FALSE(verify_tree(target.path(), log_key(*testkit)).fault);
}

TEST_CASE("a flipped byte in any file of a directory is found, and a missing file too") {
  const auto testkit = test_support::shared_data("testkit/tlog");
  if (!testkit) return;
  const test_support::TempDir source;
  take_over(*testkit / "generated/log", "checkpoint.600", source.path());
  const test_support::TempDir dir;
  const TileDirectory log(source.path());
  ledger::export_tiles(log, log.size(), *log.newest_checkpoint_note(), dir.path());
  const auto keys = log_key(*testkit);
  for (const auto& item : fs::recursive_directory_iterator(dir.path())) {
    if (!item.is_regular_file() || item.path().filename() == "entries.jsonl") continue;
    const auto intact = test_support::read_file(item.path());
    for (std::size_t part = 0; part < 7; ++part) {
      auto content = intact;
      // Cosignatures of witnesses, which end the checkpoint, are not this log's own.
      const auto size =
          item.path().filename() == "checkpoint" ? content.find("\n\u2014 hospital-b") : content.size();
      content[part * (size - 1) / 6] ^= 1;
      std::ofstream(item.path(), std::ios::binary) << content;
      std::optional<ledger::LogFault> fault;
      try {
        fault = verify_tree(dir.path(), keys).fault;
      } catch (const ledger::UnreadableLog& unreadable) {
        fault = ledger::LogFault{ledger::LogFault::Kind::kCheckpoint, 0, unreadable.what()};
      }
      INFO(item.path() << " part " << part);
      CHECK(fault);
    }
    fs::remove(item.path());
    if (item.path().filename() != "checkpoint") CHECK(verify_tree(dir.path(), keys).fault);
    std::ofstream(item.path(), std::ios::binary) << intact;
  }
  CHECK_FALSE(verify_tree(dir.path(), keys).fault);
}

TEST_CASE("files longer than any export's are not read into memory") {
  const auto testkit = test_support::shared_data("testkit/tlog");
  if (!testkit) return;
  const test_support::TempDir dir;
  take_over(*testkit / "generated/log", "checkpoint.600", dir.path());
  fs::resize_file(dir.path() / "tile/0/000", std::uintmax_t{1} << 40U);  // sparse
  CHECK_THROWS_AS(TileDirectory(dir.path()).node(0, 0), ledger::UnreadableLog);
  fs::resize_file(dir.path() / "checkpoint", std::uintmax_t{1} << 40U);
  CHECK_THROWS_AS(TileDirectory(dir.path()), ledger::UnreadableLog);
}
