#include "agent/daemon/ledger_publisher.h"

#include <utility>

#include "ledger-client/core/entries_message.h"
#include "ledger-client/core/topics.h"

namespace edge {

namespace {
constexpr std::chrono::milliseconds kPause{50};
// Witnesses cosign the newest checkpoint once a tick of at most 200 ms: at this pace each of them sees, and
// cosigns, the same ones, so that a busy log is witnessed too.
constexpr std::chrono::milliseconds kPace{250};
}  // namespace

LedgerPublisher::LedgerPublisher(ledger::Address self, std::string origin)
    : self_(std::move(self)),
      origin_(std::move(origin)),
      thread_([this](const std::stop_token& stop) { loop(stop); }) {}

void LedgerPublisher::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void LedgerPublisher::on_signed(const ledger::SignedBatch& batch) {
  bool first = false;  // else the thread waits its pause already
  {
    const std::lock_guard lock(mutex_);
    first = !waiting_;
    const bool follows = waiting_ && waiting_->first_index + waiting_->lines.size() == batch.first_index;
    if (follows && waiting_->lines.size() + batch.lines.size() <= kMaxLines) {
      waiting_->lines.insert(waiting_->lines.end(), batch.lines.begin(), batch.lines.end());
      waiting_->checkpoint_note = batch.checkpoint_note;
    } else {
      waiting_ = batch;
    }
  }
  if (first) changed_.notify_one();
}

void LedgerPublisher::republish(const std::string& checkpoint_note) {
  if (checkpoint_note.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_) return;  // brings a newer one
    waiting_.emplace();
    waiting_->checkpoint_note = checkpoint_note;
  }
  changed_.notify_one();
}

void LedgerPublisher::loop(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  auto next = std::chrono::steady_clock::now();
  while (changed_.wait(lock, stop, [this] { return waiting_.has_value(); })) {
    // What was anchored is on its way to its receiver now: it goes first. What is signed meanwhile shares the
    // message: a busy log costs two messages a pause, not two a commit.
    const auto when = std::max(next, std::chrono::steady_clock::now() + kPause);
    if (changed_.wait_until(lock, stop, when, [] { return false; }) || stop.stop_requested()) break;
    next = std::chrono::steady_clock::now() + kPace;
    const ledger::SignedBatch batch = *std::exchange(waiting_, std::nullopt);
    lock.unlock();
    publish(batch);
    lock.lock();
  }
  if (!waiting_) return;
  const ledger::SignedBatch last = *std::exchange(waiting_, std::nullopt);
  lock.unlock();
  publish(last);
}

void LedgerPublisher::publish(const ledger::SignedBatch& batch) {
  if (connection_ == nullptr || !connection_->ready())
    return;  // the checkpoint is published again on connect
  const auto send = [this](std::string topic, std::string_view payload, bool retained) {
    mqtt_transport::Message message;
    message.topic = std::move(topic);
    message.payload = ledger::to_bytes(ledger::as_bytes(payload));
    message.retained = retained;
    message.properties.content_type = "text/plain";
    message.properties.payload_is_text = true;
    (void)connection_->publish(std::move(message));
  };
  const ledger::EntriesMessage entries{origin_, batch.first_index, batch.frontier_before, batch.lines};
  for (const std::string& message : ledger::encode_entries_messages(entries))
    send(ledger::topics::entries(self_), message, false);
  // Told first: a cosignature may be faster than the acknowledgement.
  if (published_) published_(batch.checkpoint_note);
  send(ledger::topics::checkpoint(self_), batch.checkpoint_note, true);
}

}  // namespace edge
