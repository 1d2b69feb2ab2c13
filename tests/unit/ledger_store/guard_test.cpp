#include "ledger-client/store/guard.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "ledger-client/core/sha256.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

using ledger::Guard;
using ledger::GuardRecord;

namespace {

GuardRecord record(std::uint64_t size) {
  return {{"ehr/10-20-0-5", size, ledger::sha256(std::to_string(size))}, "0123456789abcdef"};
}

void overwrite(const std::filesystem::path& file, std::size_t at, char byte) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(static_cast<std::streamoff>(at));
  stream.put(byte);
}

}  // namespace

TEST_CASE("a new guard is empty and private") {
  const test_support::TempDir dir;
  const Guard guard(dir / "guard");
  CHECK_FALSE(guard.read());
  CHECK((std::filesystem::status(dir / "guard").permissions() & std::filesystem::perms::all) ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}

TEST_CASE("a guard remembers the last record over restarts") {
  const test_support::TempDir dir;
  for (std::uint64_t size = 1; size < 6; ++size) {
    Guard guard(dir / "guard");
    guard.write(record(size));
    const auto found = guard.read();
    REQUIRE(found);
    CHECK(found->checkpoint == record(size).checkpoint);
    CHECK(found->database_id == record(size).database_id);
  }
  CHECK(Guard(dir / "guard").read()->checkpoint.size == 5);
}

TEST_CASE("whatever byte of the newest slot is damaged, the older one stands") {
  const test_support::TempDir dir;
  {
    Guard guard(dir / "guard");
    guard.write(record(1));  // second slot
    guard.write(record(2));  // first slot
  }
  const auto intact = test_support::read_file(dir / "guard");
  const auto used = intact.find('\0');
  REQUIRE(used > 100);
  for (std::size_t at = 0; at < used; ++at) {
    overwrite(dir / "guard", at, static_cast<char>(intact[at] ^ 1));
    {
      Guard guard(dir / "guard");
      const auto found = guard.read();
      REQUIRE(found);
      REQUIRE(found->checkpoint.size == 1);
      guard.write(record(3));  // repairs the damaged slot, not the good one
      REQUIRE(guard.read()->checkpoint.size == 3);
    }
    std::ofstream(dir / "guard", std::ios::binary) << intact;
  }
}

TEST_CASE("a guard with nothing intact is an error, not an empty guard") {
  const test_support::TempDir dir;
  { Guard(dir / "guard").write(record(1)); }
  overwrite(dir / "guard", 4096 + 20, '#');
  CHECK_THROWS_WITH(Guard(dir / "guard"), Catch::Contains("neither"));
}

TEST_CASE("two users of one guard are refused") {
  const test_support::TempDir dir;
  const Guard guard(dir / "guard");
  CHECK_THROWS_WITH(Guard(dir / "guard"), Catch::Contains("in use"));
}
