#include "agent/adapters/file_store.h"

#include <catch2/catch.hpp>

#include "tests/support/temp_dir.h"

using namespace edge;

namespace {

void count_up(std::span<std::uint8_t> out) {
  static std::uint8_t next = 0;
  for (auto& byte : out) byte = ++next;
}

StoredPayload spool(FileSpool& files, std::size_t bytes) {
  StoredPayload payload;
  const auto writer = files.begin();
  writer->write(ledger::Bytes(bytes, 7));
  writer->finish(payload);
  return payload;
}

}  // namespace

TEST_CASE("the spool keeps to limits.spool_bytes, inbox included, and goes on when there is room again") {
  const test_support::TempDir state;
  FileSpool files(state / "spool", 0, count_up, 500'000);
  CHECK(spool(files, 1000).file.empty());  // small payloads live in the ledger transaction
  const auto first = spool(files, 300'000);
  const InboxFile received(state / "inbox", "0193a5d0-7c1e-7abc-8def-0123456789ab", 300'000, 2);
  CHECK_THROWS_AS(spool(files, 300'000), Unavailable);
  CHECK_THROWS_AS(require_quota(state.path(), 1, 500'000), Unavailable);
  CHECK(files.read(first.file, 299'999, 1) == ledger::Bytes{7});
  files.remove(first.file);
  CHECK_FALSE(spool(files, 300'000).file.empty());
  CHECK(files.remove_orphans([](const std::string&) { return false; }) == 1);
}
