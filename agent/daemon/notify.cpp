#include "agent/daemon/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace edge {
namespace {

std::string take_variable(const char* name) {
  const char* value = std::getenv(name);
  std::string out = value ? value : "";
  ::unsetenv(name);
  return out;
}

std::optional<std::uint64_t> number(const std::string& text) {
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return out;
}

// A newline would begin another assignment.
std::string status_line(std::string_view status) {
  std::string out = "STATUS=" + std::string(status);
  std::replace(out.begin(), out.end(), '\n', ' ');
  return out;
}

}  // namespace

ServiceManager::ServiceManager() : socket_(take_variable("NOTIFY_SOCKET")) {
  const auto period = number(take_variable("WATCHDOG_USEC"));
  const auto process = take_variable("WATCHDOG_PID");
  const bool ours = process.empty() || number(process) == static_cast<std::uint64_t>(::getpid());
  if (period && *period > 1 && ours) watchdog_ = std::chrono::microseconds(*period / 2);
}

void ServiceManager::ready(std::string_view text) {
  send("READY=1\n" + status_line(text));
}
void ServiceManager::stopping(std::string_view text) {
  send("STOPPING=1\n" + status_line(text));
}
void ServiceManager::status(std::string_view text) {
  send(status_line(text));
}
void ServiceManager::watchdog() {
  send("WATCHDOG=1");
}

void ServiceManager::reloading(std::string_view text) {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const auto microseconds =
      static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(now.tv_nsec) / 1'000;
  send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds) + "\n" + status_line(text));
}

void ServiceManager::send(std::string_view message) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.empty() || socket_.size() >= sizeof address.sun_path ||
      (socket_[0] != '/' && socket_[0] != '@'))
    return;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';  // the abstract namespace
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  const int descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return;
  // Nobody can be told if the manager does not listen; the service goes on.
  [[maybe_unused]] const auto sent = ::sendto(descriptor, message.data(), message.size(), MSG_NOSIGNAL,
                                              reinterpret_cast<const sockaddr*>(&address), size);
  ::close(descriptor);
}

}  // namespace edge
