#include "agent/adapters/unix_socket.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace edge {

Descriptor::~Descriptor() {
  if (value_ >= 0) ::close(value_);
}

void fail_with(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}
void fail_with_errno(const std::string& what) {
  fail_with(errno, what);
}

sockaddr_un socket_address(const std::filesystem::path& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& text = socket.native();
  if (text.size() >= sizeof address.sun_path) fail_with(ENAMETOOLONG, "control socket " + text);
  std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
  return address;
}

Descriptor open_stream_socket() {
  Descriptor out(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (out.get() < 0) fail_with_errno("control socket");
  return out;
}

}  // namespace edge
