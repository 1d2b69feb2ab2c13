#include "ledger-client/store/chain_check.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "ledger-client/core/entry_rules.h"

namespace ledger {
namespace {

constexpr std::size_t kBatchBytes = 256 * 1024;
constexpr std::size_t kMaxWaiting = 4;  // batches; more would only cost memory

// Lines one after the other, so that a batch is two allocations.
struct Batch {
  std::string bytes;
  std::vector<std::size_t> ends;
};

class Judge {
 public:
  explicit Judge(std::string origin) : chain_(chain_start(std::move(origin))) {}

  void take(std::string_view line) {
    if (failed_) return;
    const auto index = chain_.next_index;
    auto judged = follow_and_judge(chain_, line);
    if (!judged) {
      findings_.fault = LogFault{LogFault::Kind::kEntry, index, judged.error().reason};
      failed_ = true;
      return;
    }
    auto& [entry, judgement] = *judged;
    if (judgement.meaning == Meaning::kUnknownType) ++findings_.unknown_types;
    if (judgement.meaning != Meaning::kVoid) return;
    ++findings_.void_count;
    if (findings_.void_entries.size() < VerifyReport::kMaxListedVoid)
      findings_.void_entries.push_back({index, std::string(entry.type), std::move(judgement.reason)});
  }

  void take(const Batch& batch) {
    std::size_t begin = 0;
    for (const std::size_t end : batch.ends) {
      take(std::string_view(batch.bytes).substr(begin, end - begin));
      begin = end;
    }
  }

  bool failed() const { return failed_; }
  ChainFindings& findings() { return findings_; }

 private:
  ChainState chain_;
  ChainFindings findings_;
  std::atomic<bool> failed_{false};
};

}  // namespace

struct ChainCheck::State {
  State(std::string origin, bool with_thread) : judge(std::move(origin)), own_thread(with_thread) {}

  void hand_over() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return waiting.size() < kMaxWaiting || thrown; });
    if (thrown) std::rethrow_exception(thrown);
    waiting.push_back(std::move(filling));
    filling = {};
    lock.unlock();
    changed.notify_all();
    // A short log never needs it.
    if (!thread.joinable()) thread = std::jthread([this] { work(); });
  }

  void work() {
    for (;;) {
      Batch batch;
      {
        std::unique_lock lock(mutex);
        changed.wait(lock, [this] { return !waiting.empty() || ended; });
        if (waiting.empty()) return;
        batch = std::move(waiting.front());
        waiting.pop_front();
      }
      changed.notify_all();
      try {
        judge.take(batch);
      } catch (...) {
        const std::lock_guard lock(mutex);
        thrown = std::current_exception();
        changed.notify_all();
        return;
      }
    }
  }

  void end() {
    {
      const std::lock_guard lock(mutex);
      ended = true;
    }
    changed.notify_all();
    if (thread.joinable()) thread.join();
  }

  Judge judge;  // the thread's, while there is one
  const bool own_thread;
  Batch filling;

  std::mutex mutex;  // guards what follows
  std::condition_variable changed;
  std::deque<Batch> waiting;
  bool ended = false;
  std::exception_ptr thrown;

  std::jthread thread;
};

ChainCheck::ChainCheck(std::string origin, bool own_thread)
    : state_(std::make_unique<State>(std::move(origin), own_thread)) {}

ChainCheck::~ChainCheck() {
  state_->end();
}

void ChainCheck::add(std::string_view line) {
  if (!state_->own_thread) return state_->judge.take(line);
  state_->filling.bytes += line;
  state_->filling.ends.push_back(state_->filling.bytes.size());
  if (state_->filling.bytes.size() >= kBatchBytes) state_->hand_over();
}

bool ChainCheck::failed() const {
  return state_->judge.failed();
}

ChainFindings ChainCheck::finish() {
  state_->end();
  if (state_->thrown) std::rethrow_exception(state_->thrown);
  state_->judge.take(state_->filling);  // what filled no batch
  return std::move(state_->judge.findings());
}

}  // namespace ledger
