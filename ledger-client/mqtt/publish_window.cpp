#include "ledger-client/mqtt/publish_window.h"

#include <algorithm>
#include <chrono>

namespace mqtt_transport {
namespace {

constexpr std::size_t kReceiveMaximum = 20;  // mosquitto's

std::size_t size_of(const Message& message) {
  return message.payload.size() + message.topic.size();
}

}  // namespace

PublishWindow::PublishWindow(std::size_t max_unacknowledged, std::size_t max_waiting_bytes)
    : max_unacknowledged_(std::clamp<std::size_t>(max_unacknowledged, 1, kReceiveMaximum)),
      max_waiting_bytes_(max_waiting_bytes) {}

void PublishWindow::open() {
  const std::lock_guard lock(mutex_);
  open_ = true;
}

std::vector<PublishDone> PublishWindow::close() {
  std::vector<PublishDone> owed;
  const std::lock_guard lock(mutex_);
  open_ = false;
  closed_up_to_ = last_admitted_;
  for (auto& [id, done] : unacknowledged_) owed.push_back(std::move(done));
  for (auto& waiting : waiting_) owed.push_back(std::move(waiting.done));
  unacknowledged_.clear();
  waiting_.clear();
  waiting_bytes_ = 0;
  changed_.notify_all();
  return owed;
}

PublishResult PublishWindow::admit(Message message, PublishDone done, Id& id) {
  const std::lock_guard lock(mutex_);
  if (!open_) return PublishResult::kDisconnected;
  const std::size_t size = size_of(message);
  if (waiting_bytes_ != 0 && waiting_bytes_ + size > max_waiting_bytes_) return PublishResult::kTooMuch;
  waiting_bytes_ += size;
  id = ++last_admitted_;
  waiting_.push_back({id, std::move(message), std::move(done)});
  return PublishResult::kAccepted;
}

bool PublishWindow::wait_until_taken(Id id) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return last_taken_ >= id || closed_up_to_ >= id; });
  return last_taken_ >= id;
}

bool PublishWindow::wait_until_empty(int timeout_ms) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                           [&] { return waiting_.empty() && unacknowledged_.empty(); });
}

bool PublishWindow::begin_turn() {
  const std::lock_guard lock(mutex_);
  if (turn_taken_) return false;
  turn_taken_ = true;
  return true;
}

std::optional<PublishWindow::Outgoing> PublishWindow::next() {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty() || unacknowledged_.size() >= max_unacknowledged_) {
    turn_taken_ = false;
    return std::nullopt;
  }
  Waiting first = std::move(waiting_.front());
  waiting_.pop_front();
  waiting_bytes_ -= size_of(first.message);
  last_taken_ = first.id;
  unacknowledged_.emplace(first.id, std::move(first.done));
  changed_.notify_all();
  return Outgoing{first.id, std::move(first.message)};
}

std::optional<PublishDone> PublishWindow::finish(Id id) {
  const std::lock_guard lock(mutex_);
  const auto found = unacknowledged_.find(id);
  if (found == unacknowledged_.end()) return std::nullopt;
  PublishDone done = std::move(found->second);
  unacknowledged_.erase(found);
  if (unacknowledged_.empty()) changed_.notify_all();
  return done;
}

std::size_t PublishWindow::unacknowledged() const {
  const std::lock_guard lock(mutex_);
  return unacknowledged_.size();
}

}  // namespace mqtt_transport
