#include "agent/adapters/transfer_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "agent/core/ports.h"

namespace edge {

namespace fs = std::filesystem;

void unavailable(const char* what) {
  throw Unavailable(std::string(what) + ": " + std::generic_category().message(errno));
}

File::File(const fs::path& path, int flags) : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void write_all(int descriptor, ledger::ByteView bytes, std::uint64_t at) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) unavailable("writing a transfer file");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    at += static_cast<std::uint64_t>(written);
  }
}

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

}  // namespace edge
