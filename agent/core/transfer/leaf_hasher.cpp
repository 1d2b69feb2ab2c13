#include "agent/core/transfer/leaf_hasher.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

namespace edge {

LeafHasher::LeafHasher() {
  partial_leaf_.reserve(kLeafBytes);
  leaves_.reserve(kLeavesPerChunk);
}

void LeafHasher::update(ledger::ByteView bytes) {
  while (!bytes.empty()) {
    if (partial_leaf_.empty() && bytes.size() >= kLeafBytes) {
      add_leaf(bytes.first(kLeafBytes));
      bytes = bytes.subspan(kLeafBytes);
      continue;
    }
    const std::size_t taken = std::min(bytes.size(), kLeafBytes - partial_leaf_.size());
    partial_leaf_.insert(partial_leaf_.end(), bytes.begin(),
                         bytes.begin() + static_cast<std::ptrdiff_t>(taken));
    bytes = bytes.subspan(taken);
    if (partial_leaf_.size() == kLeafBytes) {
      add_leaf(partial_leaf_);
      partial_leaf_.clear();
    }
  }
}

void LeafHasher::add_leaf(ledger::ByteView leaf) {
  leaves_.push_back(ledger::leaf_hash(leaf));
  if (leaves_.size() == kLeavesPerChunk) {
    end_chunk();
  }
}

void LeafHasher::end_chunk() {
  chunk_roots_.push_back(ledger::root_of_leaves(leaves_));
  leaves_.clear();
}

std::vector<ledger::Hash> LeafHasher::finish() {
  if (!partial_leaf_.empty()) {
    add_leaf(partial_leaf_);
    partial_leaf_.clear();
  }
  if (!leaves_.empty()) {
    end_chunk();
  }
  return std::exchange(chunk_roots_, {});
}

struct LeafThread::State {
  explicit State(LeafHasher begun) : hasher(std::move(begun)), thread([this] { run(); }) {}

  void run();
  void stop();
  void enqueue(ledger::ByteView bytes);

  static constexpr std::size_t kQueueBytes = 1 << 20;
  static constexpr std::size_t kPieceBytes = 128 * 1024;

  LeafHasher hasher;  // the thread's alone, from its start to its end
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<ledger::Bytes> queue;
  std::vector<ledger::Bytes> spare;  // buffers to use again
  std::size_t queued_bytes = 0;
  bool ending = false;
  std::exception_ptr failure;
  std::thread thread;
};

void LeafThread::State::run() {
  std::unique_lock lock(mutex);
  for (;;) {
    changed.wait(lock, [this] { return ending || !queue.empty(); });
    if (queue.empty()) {
      return;
    }
    ledger::Bytes bytes = std::move(queue.front());
    queue.pop_front();
    const bool usable = !failure;
    lock.unlock();
    std::exception_ptr thrown;
    try {
      if (usable) {
        hasher.update(bytes);
      }
    } catch (...) {
      thrown = std::current_exception();
    }
    lock.lock();
    if (thrown) {
      failure = thrown;
    }
    queued_bytes -= bytes.size();
    spare.push_back(std::move(bytes));
    changed.notify_all();
  }
}

void LeafThread::State::stop() {
  {
    const std::lock_guard lock(mutex);
    ending = true;
  }
  changed.notify_all();
  if (thread.joinable()) {
    thread.join();
  }
}

void LeafThread::State::enqueue(ledger::ByteView bytes) {
  std::unique_lock lock(mutex);
  changed.wait(lock, [this] { return queued_bytes < kQueueBytes; });
  ledger::Bytes copy;
  if (!spare.empty()) {
    copy = std::move(spare.back());
    spare.pop_back();
  }
  lock.unlock();
  copy.assign(bytes.begin(), bytes.end());
  lock.lock();
  queued_bytes += copy.size();
  queue.push_back(std::move(copy));
  lock.unlock();
  changed.notify_all();
}

LeafThread::LeafThread(LeafHasher begun) : state_(std::make_unique<State>(std::move(begun))) {}

LeafThread::~LeafThread() {
  state_->stop();
}

void LeafThread::update(ledger::ByteView bytes) {
  while (!bytes.empty()) {
    const ledger::ByteView piece = bytes.first(std::min(bytes.size(), State::kPieceBytes));
    state_->enqueue(piece);
    bytes = bytes.subspan(piece.size());
  }
}

std::vector<ledger::Hash> LeafThread::finish() {
  state_->stop();
  if (state_->failure) {
    std::rethrow_exception(state_->failure);
  }
  return state_->hasher.finish();
}

}  // namespace edge
