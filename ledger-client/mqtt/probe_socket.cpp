#include "ledger-client/mqtt/probe_socket.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "ledger-client/core/freed_by.h"

namespace mqtt_transport {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kLook = 100ms;  // how soon a requested stop is seen

using Addresses = std::unique_ptr<addrinfo, ledger::FreedBy<freeaddrinfo>>;

Addresses resolve(const BrokerUrl& url) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(bare_host(url).c_str(), std::to_string(url.port).c_str(), &wanted, &list);
  if (error == 0) return Addresses(list);
  const bool unknown = error == EAI_NONAME || error == EAI_NODATA;
  throw Loss{"no address is known for the host " + url.host + " (" +
                 (error == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(error)) + ")",
             unknown ? "check the broker's name" : "check this machine's network and name servers", false};
}

Loss loss_of(int error, const BrokerUrl& url) {
  if (error == ECONNREFUSED)
    return {"nobody listens at " + place_of(url), "is the broker running, and is that its port?", false};
  if (error == ETIMEDOUT)
    return {"no answer from " + place_of(url),
            "is the host up, and does no firewall drop what is sent to it?", false};
  return {"cannot reach " + place_of(url) + ": " + std::strerror(error), "check this machine's network",
          false};
}

}  // namespace

std::string bare_host(const BrokerUrl& url) {
  return url.host.starts_with('[') ? url.host.substr(1, url.host.size() - 2) : url.host;
}

std::string place_of(const BrokerUrl& url) {
  return url.host + ":" + std::to_string(url.port);
}

ProbeSocket::~ProbeSocket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool ProbeSocket::wait(short events, Clock::time_point until) const {
  while (!stop_.stop_requested()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    if (left <= 0ms) return false;
    pollfd entry{descriptor_, events, 0};
    if (::poll(&entry, 1, static_cast<int>(std::min<std::chrono::milliseconds>(left, kLook).count())) > 0)
      return true;
  }
  return false;
}

void ProbeSocket::connect(const BrokerUrl& url, std::chrono::milliseconds patience) {
  const Addresses addresses = resolve(url);
  const auto until = Clock::now() + patience;
  int error = ETIMEDOUT;
  for (const addrinfo* at = addresses.get(); at != nullptr; at = at->ai_next) {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
    descriptor_ = ::socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor_ < 0) {
      error = errno;
      continue;
    }
    error = ::connect(descriptor_, at->ai_addr, at->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
      socklen_t size = sizeof error;
      if (!wait(POLLOUT, until)) {
        error = ETIMEDOUT;
      } else if (::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
        error = errno;
      }
    }
    if (error == 0) return;
  }
  throw loss_of(error, url);
}

}  // namespace mqtt_transport
