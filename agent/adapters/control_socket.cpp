#include "agent/adapters/control_socket.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <list>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "agent/adapters/unix_socket.h"

namespace edge {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kGroup = "ehr-agent";

bool is_member(uid_t uid, gid_t gid, gid_t wanted) {
  if (gid == wanted) return true;
  std::array<char, 16'384> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0 || !found) return false;
  std::array<gid_t, 1'024> groups{};
  int count = groups.size();
  if (::getgrouplist(found->pw_name, gid, groups.data(), &count) < 0) return false;
  return std::find(groups.begin(), groups.begin() + count, wanted) != groups.begin() + count;
}

std::optional<gid_t> service_group() {
  std::array<char, 16'384> buffer{};
  group entry{};
  group* found = nullptr;
  if (::getgrnam_r(std::string(kGroup).c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || !found)
    return std::nullopt;
  return found->gr_gid;
}

std::optional<ucred> peer_of(int descriptor) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
  return peer;
}

bool admitted(const ucred& peer) {
  if (peer.uid == 0 || peer.uid == ::geteuid()) return true;
  const auto group = service_group();
  return group && is_member(peer.uid, peer.gid, *group);
}

bool answers(const sockaddr_un& address) {
  const Descriptor probe = open_stream_socket();
  return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

struct ControlServer::State {
  struct Connection {
    int descriptor = -1;  // borrowed from the channel, for shutdown() only; -1 when the thread is done
    std::thread thread;
  };

  fs::path path;
  Handler handle;
  std::size_t max_connections = 0;
  Descriptor lock{-1};  // flock on <socket>.lock: two starting daemons can't both replace a stale socket
  Descriptor listener{-1};
  std::array<int, 2> wake{-1, -1};
  ino_t inode = 0;
  std::mutex mutex;
  std::condition_variable room;
  bool stopping = false;
  std::list<Connection> connections;
  std::thread acceptor;

  State(Descriptor lock_taken, Descriptor listening)
      : lock(std::move(lock_taken)), listener(std::move(listening)) {}

  void accept_loop();
  void start(Descriptor descriptor);
  void serve(Connection& connection, Descriptor descriptor);
  void join_finished(std::unique_lock<std::mutex>& guard);
};

namespace {

Descriptor take_lock(const fs::path& socket) {
  const fs::path file = socket.string() + ".lock";
  Descriptor lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (lock.get() < 0) fail_with_errno("control socket " + file.string());
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
    fail_with(EADDRINUSE, "control socket " + socket.string() + ": another agent serves it");
  return lock;
}

// Whether the file belongs to the service's group (a service under systemd has it already, and may not change
// owners).
bool give_to_group(const fs::path& socket) {
  const auto group = service_group();
  struct stat status {};
  if (!group || ::lstat(socket.c_str(), &status) != 0) return false;
  return status.st_gid == *group || ::chown(socket.c_str(), static_cast<uid_t>(-1), *group) == 0;
}

Descriptor listen_on(const fs::path& socket) {
  const auto address = socket_address(socket);
  struct stat status {};
  if (::lstat(socket.c_str(), &status) == 0) {
    if (!S_ISSOCK(status.st_mode))
      fail_with(EEXIST, "control socket " + socket.string() + ": something else is there");
    if (answers(address))
      fail_with(EADDRINUSE, "control socket " + socket.string() + ": another agent serves it");
    if (::unlink(socket.c_str()) != 0)
      fail_with_errno("control socket " + socket.string());  // left by a killed agent
  }
  Descriptor listener = open_stream_socket();
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    fail_with_errno("control socket " + socket.string());
  // The group may connect; whoever is let through by the file is still asked for its credentials.
  const mode_t mode = give_to_group(socket) ? 0660 : 0600;
  if (::chmod(socket.c_str(), mode) != 0) fail_with_errno("control socket " + socket.string());
  if (::listen(listener.get(), SOMAXCONN) != 0) fail_with_errno("control socket " + socket.string());
  return listener;
}

// What a handler or a malformed frame threw stays here: its text may be about a patient.
void say_failed(ControlChannel& channel) noexcept {
  try {
    channel.send('E',
                 R"({"code":"failed","error":"the agent could not do this","hint":"its log says more"})");
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): the caller has gone
  }
}

}  // namespace

void ControlServer::State::accept_loop() {
  for (;;) {
    {
      std::unique_lock guard(mutex);
      room.wait(guard, [&] {
        join_finished(guard);
        return stopping || connections.size() < max_connections;
      });
      if (stopping) return;
    }
    std::array<pollfd, 2> wait{pollfd{listener.get(), POLLIN, 0}, pollfd{wake[0], POLLIN, 0}};
    if (::poll(wait.data(), wait.size(), -1) < 0 && errno != EINTR) return;
    if (wait[1].revents != 0) return;
    Descriptor descriptor(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (descriptor.get() < 0) {
      // Out of descriptors: the pending connection stays, so wait for the wake-up a moment instead of
      // spinning.
      if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) ::poll(&wait[1], 1, 100);
      continue;
    }
    start(std::move(descriptor));
  }
}

void ControlServer::State::start(Descriptor descriptor) {
  const std::lock_guard guard(mutex);
  if (stopping) return;
  auto& connection = connections.emplace_back();
  connection.descriptor = descriptor.get();
  connection.thread =
      std::thread([this, &connection, taken = std::make_shared<Descriptor>(std::move(descriptor))] {
        serve(connection, std::move(*taken));
      });
}

void ControlServer::State::serve(Connection& connection, Descriptor descriptor) {
  const auto peer = peer_of(descriptor.get());
  ControlChannel channel(descriptor.release());
  try {
    if (!peer || !admitted(*peer)) {
      channel.send(
          'E',
          R"({"code":"noperm","error":"the agent does not admit this user","hint":"be root or in group ehr-agent"})");
    } else {
      while (const auto call = channel.receive()) handle(*call, channel, peer->uid);
    }
  } catch (const std::system_error&) {  // the connection broke; its caller sees that by itself
  } catch (const std::exception&) {
    say_failed(channel);
  }
  const std::lock_guard guard(mutex);
  connection.descriptor = -1;
  room.notify_all();
}

void ControlServer::State::join_finished(std::unique_lock<std::mutex>& guard) {
  std::list<Connection> finished;
  for (auto one = connections.begin(); one != connections.end();) {
    const auto next = std::next(one);
    if (one->descriptor < 0) finished.splice(finished.end(), connections, one);
    one = next;
  }
  guard.unlock();  // a finished thread may still be about to release the mutex
  for (auto& one : finished) one.thread.join();
  guard.lock();
}

ControlServer::ControlServer(const fs::path& socket, Handler handle, std::size_t max_connections) {
  socket_address(socket);
  fs::create_directories(socket.parent_path());
  Descriptor lock = take_lock(socket);
  Descriptor listener = listen_on(socket);
  state_ = std::make_unique<State>(std::move(lock), std::move(listener));
  state_->path = socket;
  state_->handle = std::move(handle);
  state_->max_connections = max_connections;
  if (::pipe2(state_->wake.data(), O_CLOEXEC) != 0) fail_with_errno("control socket");
  struct stat status {};
  if (::lstat(socket.c_str(), &status) == 0) state_->inode = status.st_ino;
  state_->acceptor = std::thread([state = state_.get()] { state->accept_loop(); });
}

ControlServer::~ControlServer() {
  {
    const std::lock_guard guard(state_->mutex);
    state_->stopping = true;
    for (const auto& one : state_->connections)
      if (one.descriptor >= 0) ::shutdown(one.descriptor, SHUT_RDWR);
  }
  state_->room.notify_all();
  [[maybe_unused]] const auto written = ::write(state_->wake[1], "x", 1);
  state_->acceptor.join();
  for (auto& one : state_->connections) one.thread.join();
  // Only our own file: somebody may have put another in its place.
  struct stat status {};
  if (::lstat(state_->path.c_str(), &status) == 0 && status.st_ino == state_->inode)
    ::unlink(state_->path.c_str());
  ::close(state_->wake[0]);
  ::close(state_->wake[1]);
}

}  // namespace edge
