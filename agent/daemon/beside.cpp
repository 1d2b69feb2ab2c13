#include "agent/daemon/beside.h"

namespace edge {

Beside::Beside() : thread_([this] { run(); }) {}

Beside::~Beside() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

std::future<ledger::Bytes> Beside::start(Make make) {
  std::future<ledger::Bytes> made;
  {
    const std::lock_guard lock(mutex_);
    if (busy_) return std::async(std::launch::deferred, std::move(make));
    busy_ = true;
    task_ = std::packaged_task<ledger::Bytes()>(std::move(make));
    made = task_.get_future();
  }
  changed_.notify_one();
  return made;
}

void Beside::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || task_.valid(); });
    if (!task_.valid()) return;
    {
      auto task = std::move(task_);
      lock.unlock();
      task();
    }
    lock.lock();
    busy_ = false;
  }
}

}  // namespace edge
