// Publishes what the journal signed on the ledger topics, on a thread of its own: batches that wait together
// go out together, with only the newest checkpoint. Thread-safe.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "ledger-client/core/address.h"
#include "ledger-client/mqtt/connection.h"
#include "ledger-client/store/journal.h"

namespace edge {

class LedgerPublisher {
 public:
  LedgerPublisher(ledger::Address self, std::string origin);
  ~LedgerPublisher() { stop(); }
  // Publishes nothing more; before the connection ends.
  void stop();

  // Where to publish, and who is told of each checkpoint that is; before the first on_signed.
  void use(mqtt_transport::Connection& connection, std::function<void(const std::string& note)> published) {
    connection_ = &connection;
    published_ = std::move(published);
  }
  // From the journal's thread: only hands over. What waits is one batch of at most `kMaxLines`; beyond it the
  // older lines are given up, and replicas ask for the gap.
  void on_signed(const ledger::SignedBatch& batch);
  // After a reconnect: the retained checkpoint again.
  void republish(const std::string& checkpoint_note);

 private:
  static constexpr std::size_t kMaxLines = 4096;
  void loop(const std::stop_token& stop);
  void publish(const ledger::SignedBatch& batch);

  ledger::Address self_;
  std::string origin_;
  std::function<void(const std::string&)> published_;
  mqtt_transport::Connection* connection_ = nullptr;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<ledger::SignedBatch> waiting_;
  std::jthread thread_;
};

}  // namespace edge
