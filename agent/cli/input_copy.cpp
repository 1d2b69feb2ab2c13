#include "agent/cli/input_copy.h"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <iostream>
#include <string>
#include <system_error>

#include "agent/cli/failure.h"
#include "agent/cli/output.h"

namespace edge::cli {
namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void write_all(int descriptor, const char* bytes, std::size_t size) {
  while (size > 0) {
    const auto done = ::write(descriptor, bytes, size);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail("standard input can't be kept");
    bytes += done;
    size -= static_cast<std::size_t>(done);
  }
}

void copy_input(int descriptor, std::uint64_t max) {
  std::array<char, 65'536> buffer{};
  for (std::uint64_t total = 0;;) {
    std::cin.read(buffer.data(), buffer.size());
    const auto got = std::cin.gcount();
    if (std::cin.bad()) throw Failure(EX_IOERR, "standard input can't be read");
    if (got == 0) return;
    total += static_cast<std::uint64_t>(got);
    if (total > max)
      throw Failure(EX_DATAERR, "standard input: more than " + human_bytes(max),
                    "write it to a file and name that: files may be of any size");
    write_all(descriptor, buffer.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

InputCopy::InputCopy(std::uint64_t max) : descriptor_(::memfd_create("standard-input", MFD_CLOEXEC)) {
  if (descriptor_ < 0) fail("no memory for standard input");
  try {
    copy_input(descriptor_, max);
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

InputCopy::~InputCopy() {
  ::close(descriptor_);
}

std::filesystem::path InputCopy::path() const {
  return "/proc/self/fd/" + std::to_string(descriptor_);
}

}  // namespace edge::cli
