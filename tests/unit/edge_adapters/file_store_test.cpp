#include "agent/adapters/file_store.h"

#include <catch2/catch.hpp>

#include "agent/adapters/inbox.h"
#include "agent/core/transfer/ciphertext_hasher.h"
#include "ledger-client/core/limits.h"
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
  CHECK_THROWS_AS(SpoolQuota(state.path(), 500'000).require(1), Unavailable);
  CHECK(files.read(first.file, 299'999, 1) == ledger::Bytes{7});
  files.remove(first.file);
  CHECK_FALSE(spool(files, 300'000).file.empty());
  CHECK(files.remove_orphans([](const std::string&) { return false; }) == 1);
}

TEST_CASE("a quota counts what it allowed, and looks again near the limit") {
  const test_support::TempDir state;
  SpoolQuota quota(state.path(), 1'000'000);
  quota.require(400'000);  // never written, as the next look tells
  quota.require(400'000);
  FileSpool files(state / "spool", 0, count_up);
  const auto large = spool(files, 700'000);
  quota.require(300'000);
  CHECK_THROWS_AS(quota.require(300'001), Unavailable);
  files.remove(large.file);
  quota.require(1'000'000);
}

TEST_CASE("an inbox file syncs beside its owner, once or again, and waits for it when it goes") {
  const test_support::TempDir state;
  const ledger::Bytes chunk(ledger::limits::kChunkBytes, 7);
  {
    InboxFile file(state / "inbox", "0193a5d0-7c1e-7abc-8def-0123456789ab", 300'000, 2);
    file.write(0, chunk, chunk_root(chunk));
    file.begin_sync();
    CHECK(file.present() == std::vector<std::uint64_t>{0});
    file.sync();
    file.sync();
    file.begin_sync();
  }
  const InboxFile again(state / "inbox", "0193a5d0-7c1e-7abc-8def-0123456789ab", 300'000, 2);
  CHECK(again.present() == std::vector<std::uint64_t>{0});
}
