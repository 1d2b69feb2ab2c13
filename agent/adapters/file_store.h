// Files of transfers: the spool (answers waiting for their receipt) and the inbox (answers being received,
// and received). Ciphertext only. Names are ours; every file is fsynced before anything says it is there.
// Thread-safe unless it says otherwise.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
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

// A ciphertext being received chunk by chunk. Beside it the chunk roots that arrived with verified paths:
// after a crash, what is on disk is compared with them, so that a chunk the disk lost is asked for again. Not
// thread-safe: one owner.
class InboxFile {
 public:
  // Opens or creates inbox/<id>/ for `size` bytes in `chunks` chunks.
  InboxFile(const std::filesystem::path& inbox, const std::string& id, std::uint64_t size,
            std::uint64_t chunks);
  ~InboxFile();
  InboxFile(const InboxFile&) = delete;
  InboxFile& operator=(const InboxFile&) = delete;

  void write(std::uint64_t chunk, ledger::ByteView data, const ledger::Hash& root);
  // Chunks whose bytes on disk have the root noted for them.
  std::vector<std::uint64_t> present() const;
  // Starts making durable what was written, on a thread of its own; sync() waits for its end.
  void begin_sync();
  void sync();
  // The whole ciphertext in order, in pieces of at most a chunk; stops early when `take` returns false.
  void read(const std::function<bool(ledger::ByteView)>& take) const;

 private:
  void sync_now() const;

  int data_ = -1, roots_ = -1;
  std::filesystem::path directory_;
  std::uint64_t size_, chunks_;
  std::future<void> syncing_;
};

// A received ciphertext that lies in inbox/<id>/; false if there is none.
bool read_inbox(const std::filesystem::path& inbox, const std::string& id,
                const std::function<bool(ledger::ByteView)>& take);
// Moves inbox/<id>/ to quarantine/<id>/ (the ciphertext stays readable with this agent's age identity only),
// with the manifest and the reason beside it. An inline ciphertext is written there too.
void quarantine_inbox(const std::filesystem::path& state_dir, const std::string& id,
                      const std::string& reason, std::string_view manifest,
                      ledger::ByteView inline_ciphertext);
void remove_inbox(const std::filesystem::path& inbox, const std::string& id);

}  // namespace edge
