#include "ledger-client/store/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <random>
#include <system_error>
#include <utility>

namespace ledger {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxLinks = 40;  // as Linux follows
constexpr const char* kOwnDescriptors = "/proc/self/fd";

fs::path folder_of(const fs::path& file) {
  return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

[[noreturn]] void fail(const fs::path& file, int error) {
  throw std::system_error(error, std::generic_category(), file.string());
}

}  // namespace

AtomicFile::AtomicFile(fs::path file, mode_t mode) : file_(std::move(file)) {
  if (fs::is_directory(file_)) fail(file_, EISDIR);
  if (!fs::exists(file_) || fs::is_regular_file(file_)) {
    for (int links = 0; fs::is_symlink(file_) && links < kMaxLinks; ++links)
      file_ = file_.parent_path() / fs::read_symlink(file_);
    open_temporary(mode);
  } else {
    descriptor_ = ::open(file_.c_str(), O_WRONLY | O_CLOEXEC);
  }
  if (descriptor_ < 0) fail(file_, errno);
}

void AtomicFile::open_temporary(mode_t mode) {
  temporary_ = file_.string() + "." + std::to_string(std::random_device()()) + ".part";
  if (::access(kOwnDescriptors, X_OK) == 0)  // the way to give it a name later
    descriptor_ = ::open(folder_of(file_).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
  if (descriptor_ >= 0) return;
  // Not mkostemp(3), which leaves nothing of `mode` and the umask.
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  named_ = descriptor_ >= 0;
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  if (named_) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto done = ::write(descriptor_, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail(file_, errno);
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
}

void AtomicFile::commit() {
  if (!is_file()) {
    if (::close(std::exchange(descriptor_, -1)) != 0) fail(file_, errno);
    return;
  }
  if (::fsync(descriptor_) != 0) fail(file_, errno);
  if (!named_) {
    const std::string unnamed = std::string(kOwnDescriptors) + "/" + std::to_string(descriptor_);
    if (::linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, temporary_.c_str(), AT_SYMLINK_FOLLOW) != 0)
      fail(file_, errno);
    named_ = true;
  }
  if (::rename(temporary_.c_str(), file_.c_str()) != 0) fail(file_, errno);
  ::close(std::exchange(descriptor_, -1));
  const int directory = ::open(folder_of(file_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return;
  ::fsync(directory);  // the rename itself; a file system that can't is none the worse
  ::close(directory);
}

}  // namespace ledger
