#include "agent/adapters/inbox.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "agent/adapters/transfer_file.h"
#include "agent/core/ports.h"
#include "agent/core/transfer/chunk.h"
#include "agent/core/transfer/ciphertext_hasher.h"
#include "ledger-client/core/limits.h"

namespace edge {

namespace fs = std::filesystem;
using ledger::limits::kChunkBytes;

InboxFile::InboxFile(const fs::path& inbox, const std::string& id, std::uint64_t size, std::uint64_t chunks)
    : directory_(inbox / id), size_(size), chunks_(chunks) {
  fs::create_directories(directory_);
  fs::permissions(directory_, fs::perms::owner_all);
  File data(directory_ / "ciphertext", O_RDWR | O_CREAT);
  File roots(directory_ / "roots", O_RDWR | O_CREAT);
  if (data.get() < 0 || roots.get() < 0) unavailable("creating inbox files");
  // Space is reserved at once: a disk that can't hold the answer refuses it before the first chunk.
  if (const int error = ::posix_fallocate(data.get(), 0, static_cast<off_t>(size)); error != 0) {
    errno = error;
    unavailable("reserving room in the inbox");
  }
  data_ = data.release();
  roots_ = roots.release();
}

InboxFile::~InboxFile() {
  if (syncing_.valid()) syncing_.wait();
  if (data_ >= 0) ::close(data_);
  if (roots_ >= 0) ::close(roots_);
}

void InboxFile::write(std::uint64_t chunk, ledger::ByteView data, const ledger::Hash& root) {
  write_all(data_, data, chunk * kChunkBytes);
  write_all(roots_, root, chunk * 32);
}

std::vector<std::uint64_t> InboxFile::present() const {
  std::vector<std::uint64_t> found;
  for (std::uint64_t chunk = 0; chunk < chunks_; ++chunk) {
    const ledger::Bytes root = read_some(roots_, chunk * 32, 32);
    if (root.size() != 32 || root == ledger::Bytes(32)) continue;
    const std::uint64_t length = chunk_length(size_, chunk);
    const ledger::Bytes data = read_some(data_, chunk * kChunkBytes, length);
    if (data.size() == length && ledger::hash_from_bytes(root) == chunk_root(data)) found.push_back(chunk);
  }
  return found;
}

// The directories too, and only now: before the whole answer is here, a file that a power failure took is
// asked for again.
void InboxFile::sync_now() const {
  if (::fsync(data_) != 0) unavailable("syncing the inbox");
  sync_directory(directory_);
  sync_directory(directory_.parent_path());
}

void InboxFile::begin_sync() {
  syncing_ = std::async(std::launch::async, [this] { sync_now(); });
}

void InboxFile::sync() {
  if (!syncing_.valid()) return sync_now();
  syncing_.get();
}

void InboxFile::read(const std::function<bool(ledger::ByteView)>& take) const {
  for (std::uint64_t at = 0; at < size_; at += kChunkBytes) {
    const std::uint64_t length = std::min<std::uint64_t>(kChunkBytes, size_ - at);
    const ledger::Bytes piece = read_some(data_, at, length);
    if (piece.size() != length) throw Unavailable("an inbox file is shorter than its manifest says");
    if (!take(piece)) return;
  }
}

bool read_inbox(const fs::path& inbox, const std::string& id,
                const std::function<bool(ledger::ByteView)>& take) {
  const File handle(inbox / id / "ciphertext", O_RDONLY);
  if (handle.get() < 0) return false;
  for (std::uint64_t at = 0;; at += kChunkBytes) {
    const ledger::Bytes piece = read_some(handle.get(), at, kChunkBytes);
    if (piece.empty() || !take(piece) || piece.size() < kChunkBytes) return true;
  }
}

void quarantine_inbox(const fs::path& state_dir, const std::string& id, const std::string& reason,
                      std::string_view manifest, ledger::ByteView inline_ciphertext) {
  const fs::path target = state_dir / "quarantine" / id;
  fs::create_directories(target.parent_path());
  fs::permissions(target.parent_path(), fs::perms::owner_all);
  std::error_code ignored;
  fs::remove_all(target, ignored);
  std::error_code moved;
  fs::rename(state_dir / "inbox" / id, target, moved);
  if (moved) fs::create_directories(target);
  const auto keep = [&target](const char* name, ledger::ByteView bytes) {
    const File file(target / name, O_WRONLY | O_CREAT | O_TRUNC);
    if (!bytes.empty() && file.get() >= 0) write_all(file.get(), bytes, 0);
  };
  keep("manifest", ledger::as_bytes(manifest));
  if (!inline_ciphertext.empty()) keep("ciphertext", inline_ciphertext);
  keep("reason", ledger::as_bytes(reason + "\n"));
}

void remove_inbox(const fs::path& inbox, const std::string& id) {
  std::error_code ignored;
  fs::remove_all(inbox / id, ignored);
}

}  // namespace edge
