#include "ledger-client/mqtt/socket_tuning.h"

#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "ledger-client/core/freed_by.h"

namespace mqtt_transport {
namespace {

// The peer's port of a connected TCP socket; 0 for any other descriptor.
std::uint16_t peer_port(int descriptor) {
  int type = 0;
  socklen_t type_size = sizeof type;
  if (getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &type_size) != 0 || type != SOCK_STREAM) return 0;
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  if (getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) != 0) return 0;
  if (peer.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(peer).sin_port);
  if (peer.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(peer).sin6_port);
  return 0;
}

}  // namespace

int tune_sockets_to(std::uint16_t port, std::uint32_t send_buffer_bytes) {
  const std::unique_ptr<DIR, ledger::FreedBy<closedir>> folder(opendir("/proc/self/fd"));
  if (!folder) return 0;
  const int on = 1;
  const int buffer = static_cast<int>(std::min<std::uint32_t>(send_buffer_bytes, INT_MAX / 2));
  int tuned = 0;
  while (const dirent* entry = readdir(folder.get())) {
    const int descriptor = std::atoi(entry->d_name);
    if (descriptor <= 2 || peer_port(descriptor) != port) continue;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (buffer > 0) setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    ++tuned;
  }
  return tuned;
}

}  // namespace mqtt_transport
