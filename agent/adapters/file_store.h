// The spool: answers waiting for their receipt, as files of ciphertext; and the room there is for it and the
// inbox. Names are ours; every file is fsynced before anything says it is there. Thread-safe.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>

#include "agent/core/exchange.h"

namespace edge {

// Makes the folder, with those above it, for its owner alone; what is there keeps its mode.
void make_private(const std::filesystem::path& directory);

// The disk has less room than limits.min_free_bytes.
class NoRoom : public Unavailable {
 public:
  using Unavailable::Unavailable;
};

// For whoever may not be root, on the disk of `directory`; nothing where that can't be asked.
std::optional<std::uint64_t> free_bytes(const std::filesystem::path& directory);
// Room on the disk of `directory`, against the low-water mark. Throws NoRoom below it, Unavailable where it
// can't be asked.
void require_room(const std::filesystem::path& directory, std::uint64_t min_free_bytes);
// What spool and inbox hold together, against limits.spool_bytes. Thread-safe.
class SpoolQuota {
 public:
  SpoolQuota(std::filesystem::path state_dir, std::uint64_t spool_bytes)
      : state_dir_(std::move(state_dir)), spool_bytes_(spool_bytes) {}
  // Counts `more` bytes in, or throws Unavailable where they are too many.
  void require(std::uint64_t more);
  // Counts in what was written without having been asked for.
  void wrote(std::uint64_t bytes);

 private:
  std::filesystem::path state_dir_;
  std::uint64_t spool_bytes_;
  std::mutex mutex_;
  std::uint64_t held_ = 0;
  std::chrono::steady_clock::time_point counted_{};
};

class FileSpool : public Spool {
 public:
  // `directory` is spool/ of the state directory; `spool_bytes` bounds it and inbox/ together.
  FileSpool(std::filesystem::path directory, std::uint64_t min_free_bytes, FillRandom fill_random,
            std::uint64_t spool_bytes = UINT64_MAX);
  std::unique_ptr<SpoolWriter> begin() override;

  // Bytes [from, from + length) of a spooled file. Throws Unavailable if it can't be read.
  ledger::Bytes read(const std::string& file, std::uint64_t from, std::uint64_t length) const;
  void remove(const std::string& file) const;
  // Deletes files no open transfer names: what a crash between spool and ledger left behind.
  std::size_t remove_orphans(const std::function<bool(const std::string& file)>& wanted) const;

 private:
  std::filesystem::path directory_;
  std::uint64_t min_free_bytes_;
  FillRandom fill_random_;
  SpoolQuota quota_;
};

}  // namespace edge
