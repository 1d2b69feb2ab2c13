#include "agent/adapters/file_store.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "agent/core/transfer/chunk.h"
#include "agent/core/transfer/ciphertext_hasher.h"
#include "ledger-client/core/limits.h"

namespace edge {

namespace fs = std::filesystem;
using ledger::limits::kChunkBytes;

namespace {

[[noreturn]] void unavailable(const char* what) {
  throw Unavailable(std::string(what) + ": " + std::generic_category().message(errno));
}

class File {
 public:
  File(const fs::path& path, int flags) : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return descriptor_; }
  int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

void write_all(int descriptor, ledger::ByteView bytes, std::uint64_t at) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) unavailable("writing a transfer file");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    at += static_cast<std::uint64_t>(written);
  }
}

// As many bytes as there are, at most `length`.
ledger::Bytes read_some(int descriptor, std::uint64_t at, std::uint64_t length) {
  ledger::Bytes bytes(length);
  std::size_t done = 0;
  while (done < length) {
    const ssize_t got =
        ::pread(descriptor, bytes.data() + done, length - done, static_cast<off_t>(at + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) unavailable("reading a transfer file");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

void sync_directory(const fs::path& directory) {
  const File handle(directory, O_RDONLY | O_DIRECTORY);
  if (handle.get() < 0 || ::fsync(handle.get()) != 0) unavailable("syncing a transfer directory");
}

// Small payloads never touch the disk here; the first byte beyond the inline limit opens the file.
class FileSpoolWriter : public SpoolWriter {
 public:
  FileSpoolWriter(fs::path directory, std::string name, SpoolQuota& quota)
      : directory_(std::move(directory)), name_(std::move(name)), quota_(quota) {}
  ~FileSpoolWriter() override {
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    if (!finished_) ::unlink((directory_ / name_).c_str());
  }

  void write(ledger::ByteView ciphertext) override {
    buffer_.insert(buffer_.end(), ciphertext.begin(), ciphertext.end());
    if (buffer_.size() > ledger::limits::kInlineBytes) spill();
  }

  void finish(StoredPayload& payload) override {
    finished_ = true;
    if (descriptor_ < 0) {
      payload.inline_bytes = std::move(buffer_);
      return;
    }
    spill();
    if (::fsync(descriptor_) != 0) unavailable("syncing the spool");
    sync_directory(directory_);
    quota_.wrote(written_);
    payload.file = name_;
  }

  void discard() override { finished_ = false; }

 private:
  void spill() {
    if (descriptor_ < 0) {
      quota_.require(0);
      descriptor_ = ::open((directory_ / name_).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
      if (descriptor_ < 0) unavailable("creating a spool file");
    }
    write_all(descriptor_, buffer_, written_);
    written_ += buffer_.size();
    buffer_.clear();
  }

  fs::path directory_;
  std::string name_;
  SpoolQuota& quota_;
  ledger::Bytes buffer_;
  int descriptor_ = -1;
  std::uint64_t written_ = 0;
  bool finished_ = false;
};

}  // namespace

void make_private(const fs::path& directory) {
  if (fs::create_directories(directory)) fs::permissions(directory, fs::perms::owner_all);
}

std::optional<std::uint64_t> free_bytes(const fs::path& directory) {
  struct statvfs info {};
  if (::statvfs(directory.c_str(), &info) != 0) return std::nullopt;
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

void require_room(const fs::path& directory, std::uint64_t min_free_bytes) {
  const auto free = free_bytes(directory);
  if (!free) unavailable(("asking for the free space of " + directory.string()).c_str());
  if (*free < min_free_bytes) throw NoRoom("less free space than limits.min_free_bytes");
}

namespace {

// A full walk costs as much as the files are many, so it is believed for a while far from the limit, where
// what others write or delete meanwhile does not matter.
constexpr std::chrono::seconds kBelieved{5};

std::uint64_t bytes_held(const fs::path& state_dir) {
  std::uint64_t held = 0;
  for (const char* name : {"spool", "inbox"}) {
    std::error_code gone;  // files come and go meanwhile
    for (fs::recursive_directory_iterator item(state_dir / name, gone), end; !gone && item != end;
         item.increment(gone)) {
      std::error_code vanished;
      const auto size = item->is_regular_file(vanished) ? item->file_size(vanished) : 0;
      if (!vanished) held += size;
    }
  }
  return held;
}

}  // namespace

void SpoolQuota::wrote(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  held_ += bytes;
}

void SpoolQuota::require(std::uint64_t more) {
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  const bool near_limit = more > spool_bytes_ / 2 || held_ > spool_bytes_ / 2 - more;
  if (near_limit || counted_ == std::chrono::steady_clock::time_point{} || now - counted_ > kBelieved) {
    held_ = bytes_held(state_dir_);
    counted_ = now;
  }
  if (more > spool_bytes_ || held_ > spool_bytes_ - more)
    throw Unavailable("spool and inbox hold as much as limits.spool_bytes allows");
  held_ += more;
}

FileSpool::FileSpool(fs::path directory, std::uint64_t min_free_bytes, FillRandom fill_random,
                     std::uint64_t spool_bytes)
    : directory_(std::move(directory)),
      min_free_bytes_(min_free_bytes),
      fill_random_(std::move(fill_random)),
      quota_(directory_.parent_path(), spool_bytes) {
  fs::create_directories(directory_);
  fs::permissions(directory_, fs::perms::owner_all);
}

std::unique_ptr<SpoolWriter> FileSpool::begin() {
  require_room(directory_, min_free_bytes_);
  std::array<std::uint8_t, 16> name{};
  fill_random_(name);
  return std::make_unique<FileSpoolWriter>(directory_, ledger::to_hex(name) + ".age", quota_);
}

ledger::Bytes FileSpool::read(const std::string& file, std::uint64_t from, std::uint64_t length) const {
  const File handle(directory_ / file, O_RDONLY);
  if (handle.get() < 0) unavailable("opening a spool file");
  ledger::Bytes bytes = read_some(handle.get(), from, length);
  if (bytes.size() != length) throw Unavailable("a spool file is shorter than its ledger entry says");
  return bytes;
}

void FileSpool::remove(const std::string& file) const {
  std::error_code ignored;
  if (!file.empty()) fs::remove(directory_ / file, ignored);
}

std::size_t FileSpool::remove_orphans(const std::function<bool(const std::string& file)>& wanted) const {
  std::size_t removed = 0;
  for (const auto& item : fs::directory_iterator(directory_)) {
    const std::string name = item.path().filename().string();
    if (wanted(name)) continue;
    remove(name);
    ++removed;
  }
  return removed;
}

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
