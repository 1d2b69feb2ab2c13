#include "agent/daemon/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>

#include "tests/support/temp_dir.h"

namespace {

using namespace std::chrono_literals;

// The service manager's end: a bound datagram socket; an abstract one for a name that begins with '@'.
class Manager {
 public:
  explicit Manager(const std::string& name)
      : descriptor_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(::bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~Manager() { ::close(descriptor_); }
  std::string next() {
    std::array<char, 4096> buffer{};
    const auto got = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
    return got < 0 ? "(nothing)" : std::string(buffer.data(), static_cast<std::size_t>(got));
  }

 private:
  int descriptor_;
};

}  // namespace

TEST_CASE("the service manager is told what happens") {
  const test_support::TempDir dir;
  Manager manager((dir / "notify").string());
  edge::ServiceManager service;
  CHECK(service.present());
  CHECK(std::getenv("NOTIFY_SOCKET") == nullptr);
  CHECK(manager.next() == "(nothing)");
  service.ready("subscribed");
  CHECK(manager.next() == "READY=1\nSTATUS=subscribed");
  service.status("two\nMAINPID=1");
  CHECK(manager.next() == "STATUS=two MAINPID=1");
  service.watchdog();
  CHECK(manager.next() == "WATCHDOG=1");
  service.reloading("reading");
  CHECK_THAT(manager.next(),
             Catch::StartsWith("RELOADING=1\nMONOTONIC_USEC=") && Catch::EndsWith("\nSTATUS=reading"));
  service.stopping("draining");
  CHECK(manager.next() == "STOPPING=1\nSTATUS=draining");
}

TEST_CASE("the manager's socket may be an abstract one") {
  Manager manager("@ehr-agent-test-" + std::to_string(::getpid()));
  edge::ServiceManager service;
  service.watchdog();
  CHECK(manager.next() == "WATCHDOG=1");
}

TEST_CASE("without a manager, or with one that has gone, nothing happens") {
  ::unsetenv("NOTIFY_SOCKET");
  edge::ServiceManager alone;
  CHECK_FALSE(alone.present());
  alone.ready("x");
  for (const auto& name :
       {std::string("/nonexistent/socket"), std::string("relative"), std::string(200, '/')}) {
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    edge::ServiceManager service;
    service.ready("x");
  }
}

TEST_CASE("the watchdog is fed twice as often as the manager asks, by the process it means") {
  const auto interval = [](const char* usec, const char* pid) {
    usec ? ::setenv("WATCHDOG_USEC", usec, 1) : ::unsetenv("WATCHDOG_USEC");
    pid ? ::setenv("WATCHDOG_PID", pid, 1) : ::unsetenv("WATCHDOG_PID");
    const auto out = edge::ServiceManager().watchdog_interval();
    CHECK(std::getenv("WATCHDOG_USEC") == nullptr);
    return out;
  };
  CHECK(interval("60000000", nullptr) == 30s);
  CHECK(interval("60000000", std::to_string(::getpid()).c_str()) == 30s);
  CHECK_FALSE(interval("60000000", "1"));
  CHECK_FALSE(interval(nullptr, nullptr));
  CHECK_FALSE(interval("0", nullptr));
  CHECK_FALSE(interval("soon", nullptr));
}
