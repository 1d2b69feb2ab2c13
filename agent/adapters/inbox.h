// The inbox: answers being received, and received, as files of ciphertext. Names are ours; what counts as
// received is fsynced before. Functions throw Unavailable where the disk fails. Thread-safe unless it says
// otherwise.
#pragma once

#include <filesystem>
#include <functional>
#include <future>
#include <string>
#include <string_view>
#include <vector>

#include "ledger-client/core/bytes.h"

namespace edge {

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
