// The version of the federation document in force, for everybody who works by it. Thread-safe.
#pragma once

#include <memory>
#include <mutex>

#include "ledger-client/core/federation.h"

namespace edge {

// Exchanged as a whole: a task takes a snapshot once and keeps it while it works.
class CurrentFederation {
 public:
  explicit CurrentFederation(std::shared_ptr<const ledger::Federation> first = nullptr)
      : current_(std::move(first)) {}
  std::shared_ptr<const ledger::Federation> get() const {
    const std::lock_guard lock(mutex_);
    return current_;
  }
  void set(std::shared_ptr<const ledger::Federation> next) {
    const std::lock_guard lock(mutex_);
    current_.swap(next);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const ledger::Federation> current_;
};

}  // namespace edge
