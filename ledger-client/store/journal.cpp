#include "ledger-client/store/journal.h"

#include <utility>

#include "ledger-client/store/journal_state.h"

namespace ledger {
namespace {

using Job = JournalJob;

}  // namespace

void Journal::State::freeze(const std::string& why) {
  {
    const std::lock_guard lock(mutex);
    if (!frozen.empty()) return;
    frozen = why;
  }
  if (options.on_frozen) options.on_frozen(why);
}

void Journal::State::enqueue(Job&& job) {
  const std::lock_guard lock(mutex);
  queue.push_back(std::move(job));
  if (!turn_taken) arrived.notify_one();  // else whoever has the turn says so when it ends
}

void Journal::State::linger(Job&& job) {
  const std::lock_guard lock(mutex);
  const bool first = lingering.empty();
  if (first) linger_until = std::chrono::steady_clock::now() + options.linger;
  lingering.push_back(std::move(job));
  if (first || lingering.size() >= options.max_batch) arrived.notify_one();
}

// What lingers goes first, in the order it came. Under the mutex.
template <class Jobs>
void Journal::State::take_lingering(Jobs& jobs) {
  jobs.insert(jobs.begin(), std::make_move_iterator(lingering.begin()),
              std::make_move_iterator(lingering.end()));
  lingering.clear();
}

// Nobody commits and nobody waits: the caller may commit at once, without the journal's thread, and takes
// along what lingers. Who comes meanwhile waits in the queue, and what waits shares the thread's next commit.
bool Journal::State::take_turn(std::vector<Job>& batch) {
  const std::lock_guard lock(mutex);
  if (turn_taken || stopping || !queue.empty()) return false;
  turn_taken = true;
  take_lingering(batch);
  return true;
}

void Journal::State::end_turn(std::vector<Job>& batch) {
  bool wanted = false;
  {
    const std::lock_guard lock(mutex);
    turn_taken = false;
    wanted = stopping || !queue.empty() || !lingering.empty();
  }
  if (wanted) arrived.notify_one();
  for (auto& job : batch) {
    if (job.then) job.then(job.promise.get_future());
  }
}

// Takes the turn with what waits. Empty when the journal stops and everything accepted is done.
std::vector<Job> Journal::State::next_batch() {
  std::unique_lock lock(mutex);
  const auto due = [&] {
    if (turn_taken) return false;
    const bool ripe = !lingering.empty() && (lingering.size() >= options.max_batch ||
                                             std::chrono::steady_clock::now() >= linger_until);
    return stopping || !queue.empty() || ripe;
  };
  while (!due()) {
    if (lingering.empty() || turn_taken) {
      arrived.wait(lock);
    } else {
      arrived.wait_until(lock, linger_until);
    }
  }
  take_lingering(queue);
  if (queue.empty()) return {};
  auto count = std::min(queue.size(), std::max<std::size_t>(options.max_batch, 1));
  for (std::size_t i = 0; i < count; ++i) {
    if (queue[i].alone) count = std::max<std::size_t>(i, 1);
  }
  const auto end = queue.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<Job> batch(std::make_move_iterator(queue.begin()), std::make_move_iterator(end));
  queue.erase(queue.begin(), end);
  turn_taken = !batch.empty();
  return batch;
}

void Journal::State::run() {
  while (true) {
    auto batch = next_batch();
    if (batch.empty()) return;
    batch.front().alone ? batch.front().alone() : commit(batch);
    end_turn(batch);
  }
}

void Journal::State::finish() {
  {
    const std::lock_guard lock(mutex);
    stopping = true;
  }
  arrived.notify_all();
  if (thread.joinable()) thread.join();
}

Journal::Journal(JournalOptions options) : state_(std::make_unique<State>(std::move(options))) {
  state_->start();
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

Journal::~Journal() {
  state_->finish();
}

std::future<Journal::Answer> Journal::append_async(std::vector<NewEntry> entries, InTransaction statements,
                                                   Work work) {
  Job job(std::move(entries), std::move(statements), work);
  auto future = job.promise.get_future();
  state_->enqueue(std::move(job));
  return future;
}

Journal::Answer Journal::append(std::vector<NewEntry> entries, InTransaction statements, Work work,
                                WhenSealed when_sealed) {
  std::vector<Job> batch(1);
  batch.front() = Job(std::move(entries), std::move(statements), work);
  batch.front().when_sealed = std::move(when_sealed);
  auto future = batch.front().promise.get_future();
  if (state_->take_turn(batch)) {
    state_->commit(batch);
    state_->end_turn(batch);
  } else {
    state_->enqueue(std::move(batch.front()));
  }
  return future.get();
}

void Journal::append_soon(std::vector<NewEntry> entries, InTransaction statements, Work work, Then then) {
  Job job(std::move(entries), std::move(statements), work);
  job.then = std::move(then);
  state_->linger(std::move(job));
}

Checkpoint Journal::checkpoint() const {
  const std::lock_guard lock(state_->mutex);
  return state_->newest.checkpoint;
}

std::string Journal::checkpoint_note() const {
  const std::lock_guard lock(state_->mutex);
  return state_->newest.note;
}

void Journal::release() {
  const std::lock_guard lock(state_->mutex);
  state_->held = false;
}

void Journal::freeze(const std::string& why) {
  state_->freeze(why);
}

Result<RestoredLog> Journal::recover(const LogSource& copy, const NoteKey& key) {
  std::promise<Result<RestoredLog>> promise;
  auto future = promise.get_future();
  Job job;
  job.alone = [&] {
    try {
      promise.set_value(state_->restore(copy, key));
    } catch (...) {
      promise.set_exception(std::current_exception());
    }
  };
  state_->enqueue(std::move(job));
  return future.get();
}

std::string Journal::frozen() const {
  const std::lock_guard lock(state_->mutex);
  return state_->frozen;
}

bool Journal::clock_held() const {
  const std::lock_guard lock(state_->mutex);
  return state_->clock_held;
}

std::string Journal::database_id() const {
  return state_->database_id;
}

}  // namespace ledger
