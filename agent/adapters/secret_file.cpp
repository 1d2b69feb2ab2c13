#include "agent/adapters/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace edge {

namespace {

namespace fs = std::filesystem;

constexpr off_t kMaxBytes = 64 * 1024;
constexpr mode_t kOthers = 077;
constexpr mode_t kOthersOfCredentials = 037;

[[noreturn]] void fail(const fs::path& file, const char* what) {
  throw std::system_error(errno, std::generic_category(), file.string() + ": " + what);
}

class Descriptor {
 public:
  Descriptor(const fs::path& file, int flags, mode_t mode = 0)
      : number_(::open(file.c_str(), flags | O_CLOEXEC, mode)) {}
  ~Descriptor() {
    if (number_ >= 0) {
      ::close(number_);
    }
  }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return number_; }
  bool valid() const { return number_ >= 0; }

 private:
  int number_;
};

struct stat check_owner_and_mode(const fs::path& file, int descriptor, uid_t user) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) {
    fail(file, "can't be examined");
  }
  if (!S_ISREG(status.st_mode)) {
    throw SecretFileFault(file, "not a regular file");
  }
  if (status.st_uid != user && status.st_uid != 0) {
    throw SecretFileFault(file, "belongs to another user", "chown it to the service's user");
  }
  const auto credentials = credentials_directory();
  const mode_t closed = credentials && file.parent_path() == *credentials ? kOthersOfCredentials : kOthers;
  if ((status.st_mode & closed) != 0) {
    std::array<char, 16> mode{};
    std::snprintf(mode.data(), mode.size(), "%04o", static_cast<unsigned>(status.st_mode & 07777U));
    throw SecretFileFault(file, std::string("open to group or others, mode ") + mode.data(),
                          "`chmod 600 " + file.string() +
                              "`; if others may have read it: `ehr-agent keys revoke` and `keys rotate`");
  }
  if (status.st_size == 0 || status.st_size > kMaxBytes) {
    throw SecretFileFault(file, "empty or too large for a key");
  }
  return status;
}

Descriptor open_secret(const fs::path& file) {
  Descriptor descriptor(file, O_RDONLY | O_NONBLOCK);  // a FIFO must not stop us
  if (!descriptor.valid()) {
    fail(file, "can't be opened");
  }
  return descriptor;
}

void write_all(const fs::path& file, int descriptor, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) {
      fail(file, "can't be written");
    }
    bytes = bytes.subspan(written < 0 ? 0 : static_cast<std::size_t>(written));
  }
}

void sync_directory(const fs::path& directory) {
  const Descriptor descriptor(directory, O_RDONLY | O_DIRECTORY);
  if (!descriptor.valid() || ::fsync(descriptor.get()) != 0) {
    fail(directory, "can't be synchronised");
  }
}

}  // namespace

std::optional<fs::path> credentials_directory() {
  const char* const directory = std::getenv("CREDENTIALS_DIRECTORY");  // NOLINT(concurrency-mt-unsafe)
  if (directory == nullptr || *directory == '\0') {
    return std::nullopt;
  }
  const fs::path path = fs::path(directory).lexically_normal();
  return path.has_filename() ? path : path.parent_path();  // without a slash at its end
}

void check_secret_file(const fs::path& file) {
  const Descriptor descriptor = open_secret(file);
  uid_t user = ::geteuid();
  struct stat folder {};
  if (user == 0 && ::stat(file.parent_path().c_str(), &folder) == 0) user = folder.st_uid;
  check_owner_and_mode(file, descriptor.get(), user);
}

Secret read_secret_file(const fs::path& file) {
  const Descriptor descriptor = open_secret(file);
  const struct stat status = check_owner_and_mode(file, descriptor.get(), ::geteuid());
  Secret content(static_cast<std::size_t>(status.st_size));
  std::span<std::uint8_t> rest = content.reveal();
  while (!rest.empty()) {
    const ssize_t got = ::read(descriptor.get(), rest.data(), rest.size());
    if (got == 0) {
      throw std::runtime_error(file.string() + ": changed while it was read");
    }
    if (got < 0 && errno != EINTR) {
      fail(file, "can't be read");
    }
    rest = rest.subspan(got < 0 ? 0 : static_cast<std::size_t>(got));
  }
  return content;
}

bool create_secret_file(const fs::path& file, const Secret& content) {
  const fs::path unfinished = file.parent_path() / ("." + file.filename().string() + ".new");
  ::unlink(unfinished.c_str());  // left by a crash
  {
    const Descriptor descriptor(unfinished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (!descriptor.valid()) {
      fail(unfinished, "can't be created");
    }
    write_all(unfinished, descriptor.get(), content.reveal());
    if (::fsync(descriptor.get()) != 0) {
      fail(unfinished, "can't be synchronised");
    }
  }
  // link() refuses to replace a file, which rename() would not.
  const bool linked = ::link(unfinished.c_str(), file.c_str()) == 0;
  const int reason = errno;
  ::unlink(unfinished.c_str());
  if (!linked && reason != EEXIST) {
    errno = reason;
    fail(file, "can't be created");
  }
  sync_directory(fs::absolute(file).parent_path());
  return linked;
}

}  // namespace edge
