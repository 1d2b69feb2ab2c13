// Small parts of Unix sockets that both ends of the control socket use. Errors are std::system_error.
#pragma once

#include <sys/un.h>

#include <filesystem>
#include <string>
#include <utility>

namespace edge {

// A file descriptor of this process; closed when it goes.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  int get() const { return value_; }
  int release() { return std::exchange(value_, -1); }

 private:
  int value_;
};

[[noreturn]] void fail_with(int error, const std::string& what);
[[noreturn]] void fail_with_errno(const std::string& what);

// ENAMETOOLONG for a path over 107 bytes.
sockaddr_un socket_address(const std::filesystem::path& socket);
// A stream socket, closed on exec.
Descriptor open_stream_socket();

}  // namespace edge
