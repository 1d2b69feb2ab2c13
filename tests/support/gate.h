// A TCP relay in front of the broker that can be shut: what the broker sends stops after a number of bytes,
// so that a test stands in the middle of a transfer for as long as it likes. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <limits>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace test_support {

class Gate {
 public:
  explicit Gate(int broker_port);
  ~Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  std::string url() const { return "mqtts://127.0.0.1:" + std::to_string(port_); }
  // Lets `bytes` more through towards the agent, then nothing.
  void shut_after(std::uint64_t bytes);
  void open();
  // Waits until the bytes are used up; false after `seconds`.
  bool wait_until_shut(int seconds = 30);

 private:
  void accept_all();
  void relay(int client);
  void pump(int from, int to, bool counted);

  int listener_ = -1, port_ = 0, broker_port_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t left_ = std::numeric_limits<std::uint64_t>::max();
  bool closing_ = false;
  std::set<int> sockets_;
  std::vector<std::thread> relays_;
  std::thread acceptor_;
};

}  // namespace test_support
