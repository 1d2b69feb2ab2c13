#include "agent/adapters/control_socket.h"

#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <system_error>
#include <thread>

#include "tests/support/temp_dir.h"

namespace {

using edge::ControlChannel;
using edge::ControlServer;
using edge::Frame;

// Sends its payload back, as data and as the result.
void echo(const Frame& call, ControlChannel& channel, unsigned) {
  channel.send('D', call.payload);
  channel.send('R', std::string(1, call.kind) + call.payload);
}

// A raw connection, for bytes a ControlChannel would not send.
int raw_connection(const std::filesystem::path& socket) {
  const int out = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket.native().copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::connect(out, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return out;
}

}  // namespace

TEST_CASE("a call comes back with data and a result, many on one connection") {
  const test_support::TempDir dir;
  const ControlServer server(dir / "c.sock", echo);
  auto channel = edge::connect_control(dir / "c.sock");
  for (const auto& text :
       {std::string(), std::string("{\"command\":\"status\"}"), std::string(1u << 20, 'x').substr(1)}) {
    channel.send('C', text);
    const auto data = channel.receive();
    REQUIRE(data);
    CHECK(data->kind == 'D');
    CHECK(data->payload == text);
    const auto result = channel.receive();
    REQUIRE(result);
    CHECK(result->kind == 'R');
    CHECK(result->payload == "C" + text);
  }
}

TEST_CASE("a frame over the limit is neither sent nor taken") {
  const test_support::TempDir dir;
  std::atomic<int> calls{0};
  const ControlServer server(dir / "c.sock", [&](const Frame&, ControlChannel& channel, unsigned) {
    ++calls;
    channel.send('R', std::string(1u << 20, 'r'));
  });
  auto good = edge::connect_control(dir / "c.sock");
  CHECK_THROWS_AS(good.send('C', std::string((1u << 20) + 1, 'x')), std::runtime_error);
  good.send('C', std::string(1u << 20, 'x'));
  CHECK(good.receive()->payload.size() == 1u << 20);

  for (const std::string& head : {std::string("\x00\x10\x00\x02"
                                              "C",
                                              5),
                                  std::string("\xff\xff\xff\xff"
                                              "C",
                                              5),
                                  std::string("\0\0\0\0C", 5)}) {
    const int descriptor = raw_connection(dir / "c.sock");
    REQUIRE(::send(descriptor, head.data(), head.size(), MSG_NOSIGNAL) == 5);
    ControlChannel answer(descriptor);
    CHECK(answer.receive()->kind == 'E');
    CHECK_FALSE(answer.receive());
  }
  CHECK(calls == 1);
}

TEST_CASE("a connection that ends within a frame is an error, one that ends between frames is not") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  ControlChannel channel(ends[0]);
  CHECK_FALSE(channel.closed());
  REQUIRE(::send(ends[1],
                 "\0\0\0\x09"
                 "Cabc",
                 8, 0) == 8);
  ::close(ends[1]);
  CHECK(channel.closed());
  CHECK_THROWS_AS(channel.receive(), std::system_error);

  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  ControlChannel other(ends[0]);
  ::close(ends[1]);
  CHECK_FALSE(other.receive());
  CHECK_THROWS_AS(other.send('C', "x"), std::system_error);
}

TEST_CASE("the handler learns who calls, and that the caller hung up") {
  const test_support::TempDir dir;
  std::mutex mutex;
  std::condition_variable changed;
  bool begun = false, gone = false;
  unsigned uid = 12345;
  const ControlServer server(dir / "c.sock", [&](const Frame&, ControlChannel& channel, unsigned caller) {
    {
      const std::lock_guard guard(mutex);
      begun = true;
      uid = caller;
      changed.notify_all();
    }
    while (!channel.closed()) std::this_thread::yield();
    const std::lock_guard guard(mutex);
    gone = true;
    changed.notify_all();
  });
  {
    auto channel = edge::connect_control(dir / "c.sock");
    channel.send('C', "{}");
    std::unique_lock guard(mutex);
    changed.wait(guard, [&] { return begun; });
    CHECK_FALSE(gone);
  }
  std::unique_lock guard(mutex);
  changed.wait(guard, [&] { return gone; });
  CHECK(uid == ::getuid());
}

TEST_CASE("many clients at once are all served, more than there are threads") {
  const test_support::TempDir dir;
  std::atomic<int> inside{0}, most{0};
  const ControlServer server(
      dir / "c.sock",
      [&](const Frame& call, ControlChannel& channel, unsigned caller) {
        const int now = ++inside;
        for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
        }
        echo(call, channel, caller);
        --inside;
      },
      4);
  std::atomic<int> right{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 40; ++i)
    clients.emplace_back([&, i] {
      auto channel = edge::connect_control(dir / "c.sock");
      channel.send('C', std::to_string(i));
      if (channel.receive()->payload == std::to_string(i) && channel.receive()->kind == 'R') ++right;
    });
  for (auto& client : clients) client.join();
  CHECK(right == 40);
  CHECK(most <= 4);
}

TEST_CASE("the server stops although clients are idle, or do not read their answer") {
  const test_support::TempDir dir;
  std::mutex mutex;
  std::condition_variable changed;
  int begun = 0;
  auto server =
      std::make_unique<ControlServer>(dir / "c.sock", [&](const Frame&, ControlChannel& channel, unsigned) {
        {
          const std::lock_guard guard(mutex);
          ++begun;
          changed.notify_all();
        }
        for (;;) channel.send('D', std::string(1u << 20, 'd'));
      });
  auto idle = edge::connect_control(dir / "c.sock");
  auto deaf = edge::connect_control(dir / "c.sock");
  deaf.send('C', "{}");
  std::unique_lock guard(mutex);
  changed.wait(guard, [&] { return begun == 1; });
  guard.unlock();
  server.reset();
  CHECK_FALSE(std::filesystem::exists(dir / "c.sock"));
  CHECK_FALSE(idle.receive());
}

TEST_CASE("what a handler throws ends the call with a word that says nothing") {
  const test_support::TempDir dir;
  const ControlServer server(dir / "c.sock", [](const Frame&, ControlChannel&, unsigned) {
    throw std::runtime_error("Planted Name");
  });
  auto channel = edge::connect_control(dir / "c.sock");
  channel.send('C', "{}");
  const auto answer = channel.receive();
  REQUIRE(answer);
  CHECK(answer->kind == 'E');
  CHECK(answer->payload.find("Planted") == std::string::npos);
}

TEST_CASE("a second server is refused while the first lives, and the first goes on") {
  const test_support::TempDir dir;
  const ControlServer server(dir / "c.sock", echo);
  CHECK_THROWS_AS(ControlServer(dir / "c.sock", echo), std::system_error);
  auto channel = edge::connect_control(dir / "c.sock");
  channel.send('C', "x");
  CHECK(channel.receive()->payload == "x");
}

TEST_CASE("the socket of a killed agent is replaced") {
  const test_support::TempDir dir;
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const ControlServer server(dir / "c.sock", echo);
    [[maybe_unused]] const auto written = ::write(ready[1], "x", 1);
    for (;;) ::pause();
  }
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  CHECK_THROWS_AS(ControlServer(dir / "c.sock", echo), std::system_error);
  REQUIRE(::kill(child, SIGKILL) == 0);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  ::close(ready[0]);
  ::close(ready[1]);
  REQUIRE(std::filesystem::exists(dir / "c.sock"));
  CHECK_THROWS_AS(edge::connect_control(dir / "c.sock"), std::system_error);

  const ControlServer server(dir / "c.sock", echo);
  auto channel = edge::connect_control(dir / "c.sock");
  channel.send('C', "x");
  CHECK(channel.receive()->payload == "x");
}

TEST_CASE("a file that is no socket is left alone") {
  const test_support::TempDir dir;
  std::ofstream(dir / "c.sock") << "precious";
  CHECK_THROWS_AS(ControlServer(dir / "c.sock", echo), std::system_error);
  CHECK(std::filesystem::file_size(dir / "c.sock") == 8);
}

TEST_CASE("a path too long for a socket is refused") {
  const test_support::TempDir dir;
  CHECK_THROWS_AS(ControlServer(dir / std::string(120, 'x'), echo), std::system_error);
  CHECK_THROWS_AS(edge::connect_control(dir / std::string(120, 'x')), std::system_error);
}

TEST_CASE("strangers are not admitted, even if the file's mode lets them in") {
  const test_support::TempDir dir;
  const auto* nobody = ::getpwnam("nobody");
  if (::geteuid() != 0 || !nobody) {
    WARN("needs root, to become somebody else");
    return;
  }
  std::atomic<int> calls{0};
  const ControlServer server(dir / "c.sock", [&](const Frame& call, ControlChannel& channel, unsigned uid) {
    ++calls;
    echo(call, channel, uid);
  });
  struct stat status {};
  REQUIRE(::stat((dir / "c.sock").c_str(), &status) == 0);
  CHECK((status.st_mode & 07) == 0);
  REQUIRE(::chmod((dir / "c.sock").c_str(), 0666) == 0);
  REQUIRE(::chmod(dir.path().c_str(), 0755) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgid(nobody->pw_gid) != 0 || ::setuid(nobody->pw_uid) != 0) ::_exit(3);
    try {
      auto channel = edge::connect_control(dir / "c.sock");
      const auto answer = channel.receive();
      ::_exit(answer && answer->kind == 'E' && answer->payload.find("noperm") != std::string::npos &&
                      !channel.receive()
                  ? 0
                  : 1);
    } catch (const std::exception&) {
      ::_exit(2);
    }
  }
  int result = -1;
  REQUIRE(::waitpid(child, &result, 0) == child);
  CHECK(WIFEXITED(result));
  CHECK(WEXITSTATUS(result) == 0);
  CHECK(calls == 0);
}
