#include "tests/support/gate.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace test_support {

namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int make_socket() {
  const int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (made < 0) throw std::runtime_error("no socket");
  const int on = 1;
  setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return made;
}

bool send_all(int to, const char* data, ssize_t size) {
  while (size > 0) {
    const ssize_t sent = send(to, data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    data += sent;
    size -= sent;
  }
  return true;
}

}  // namespace

Gate::Gate(int broker_port) : listener_(make_socket()), broker_port_(broker_port) {
  auto address = loopback(0);
  socklen_t size = sizeof address;
  if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener_, 8) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("the gate can't listen");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

Gate::~Gate() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    for (const int open : sockets_) shutdown(open, SHUT_RDWR);
  }
  changed_.notify_all();
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (auto& relay : relays_) relay.join();
  close(listener_);
}

void Gate::shut_after(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  left_ = bytes;
}

void Gate::open() {
  {
    const std::lock_guard lock(mutex_);
    left_ = std::numeric_limits<std::uint64_t>::max();
  }
  changed_.notify_all();
}

bool Gate::wait_until_shut(int seconds) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(seconds), [this] { return left_ == 0; });
}

void Gate::accept_all() {
  while (true) {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    relays_.emplace_back([this, client] { relay(client); });
  }
}

void Gate::relay(int client) {
  const int broker = make_socket();
  const auto address = loopback(broker_port_);
  const bool there = connect(broker, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  bool go = false;
  {
    const std::lock_guard lock(mutex_);
    go = there && !closing_;
    if (go) sockets_.insert({client, broker});
  }
  if (go) {
    std::thread up([this, client, broker] { pump(client, broker, false); });
    pump(broker, client, true);
    up.join();
    const std::lock_guard lock(mutex_);
    sockets_.erase(client);
    sockets_.erase(broker);
  }
  close(client);
  close(broker);
}

void Gate::pump(int from, int to, bool counted) {
  std::array<char, 16 * 1024> buffer{};
  while (true) {
    std::uint64_t most = buffer.size();
    if (counted) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return left_ > 0 || closing_; });
      most = std::min(most, std::max<std::uint64_t>(left_, 1));
    }
    const ssize_t got = recv(from, buffer.data(), most, 0);
    if (got <= 0 || !send_all(to, buffer.data(), got)) break;
    if (!counted) continue;
    const std::lock_guard lock(mutex_);
    if (left_ != std::numeric_limits<std::uint64_t>::max())
      left_ -= std::min(left_, static_cast<std::uint64_t>(got));
    changed_.notify_all();
  }
  shutdown(from, SHUT_RDWR);
  shutdown(to, SHUT_RDWR);
}

}  // namespace test_support
