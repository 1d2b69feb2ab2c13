#include "agent/adapters/file_store.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "agent/adapters/transfer_file.h"
#include "ledger-client/core/limits.h"

namespace edge {

namespace fs = std::filesystem;

namespace {

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

}  // namespace edge
