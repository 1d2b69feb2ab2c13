#include "agent/daemon/ledger_publisher.h"

#include "ledger-client/core/entries_message.h"
#include "ledger-client/core/topics.h"

namespace edge {

LedgerPublisher::LedgerPublisher(ledger::Address self)
    : self_(std::move(self)), thread_([this](const std::stop_token& stop) { loop(stop); }) {}

LedgerPublisher::~LedgerPublisher() = default;

void LedgerPublisher::on_signed(const ledger::SignedBatch& batch) {
  {
    const std::lock_guard lock(mutex_);
    if (!waiting_.empty() && !batch.lines.empty() &&
        waiting_.back().first_index + waiting_.back().lines.size() == batch.first_index &&
        waiting_.size() > 1) {
      // Contiguous with what still waits (the front may be on its way): one message, one checkpoint.
      ledger::SignedBatch& last = waiting_.back();
      last.lines.insert(last.lines.end(), batch.lines.begin(), batch.lines.end());
      last.checkpoint_note = batch.checkpoint_note;
    } else {
      waiting_.push_back(batch);
    }
    if (waiting_.size() > kMaxWaiting) waiting_.pop_front();
  }
  changed_.notify_one();
}

void LedgerPublisher::republish(const std::string& checkpoint_note) {
  if (checkpoint_note.empty()) return;
  ledger::SignedBatch only_checkpoint;
  only_checkpoint.checkpoint_note = checkpoint_note;
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(only_checkpoint));
  }
  changed_.notify_one();
}

void LedgerPublisher::loop(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    ledger::SignedBatch batch;
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, stop, [this] { return !waiting_.empty(); })) return;
      batch = std::move(waiting_.front());
      waiting_.pop_front();
    }
    publish(batch);
  }
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
  const ledger::EntriesMessage entries{self_.origin(), batch.first_index, batch.frontier_before, batch.lines};
  for (const std::string& message : ledger::encode_entries_messages(entries))
    send(ledger::topics::entries(self_), message, false);
  send(ledger::topics::checkpoint(self_), batch.checkpoint_note, true);
}

}  // namespace edge
