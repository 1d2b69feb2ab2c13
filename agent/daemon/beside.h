// One standing thread that makes a message beside the caller, which is about to wait for the disk. Waking it
// costs a tenth of starting a thread. Thread-safe.
#pragma once

#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <thread>

#include "ledger-client/core/bytes.h"

namespace edge {

class Beside {
 public:
  using Make = std::function<ledger::Bytes()>;

  Beside();
  ~Beside();  // finishes what it took
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;

  // What `make` gives or throws. While the thread has other work, `make` runs where the future is asked. It
  // may outlive the caller, so it owns what it uses.
  std::future<ledger::Bytes> start(Make make);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::packaged_task<ledger::Bytes()> task_;  // valid until it is taken
  bool busy_ = false, stopping_ = false;
  std::thread thread_;
};

}  // namespace edge
