// The public ledger topics of a broker as a queue of messages. What Paho's threads deliver is only copied
// here.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

#include "ledger-client/cli/options.h"
#include "ledger-client/core/topics.h"
#include "ledger-client/mqtt/connection.h"

namespace ledger::cli {

struct LedgerMessage {
  topics::Kind kind = topics::Kind::kEntries;  // kEntries, kCheckpoint or kCosignature
  std::string origin;                          // by the topic
  std::string payload;
};

class BrokerFeed {
 public:
  // Connects and waits until the subscriptions stand. Throws UserError (kUnavailable) after `timeout`.
  BrokerFeed(const BrokerOptions& options, const std::string& origin, std::chrono::seconds timeout);

  // The next message; nothing if none came within `wait`.
  std::optional<LedgerMessage> next(std::chrono::milliseconds wait);
  // True once after messages were dropped because they came faster than they were verified.
  bool overflowed();

 private:
  void take(mqtt_transport::Message&& message);

  static constexpr std::size_t kMaxQueuedBytes = 64U << 20U;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<LedgerMessage> queue_;
  std::size_t queued_bytes_ = 0;
  bool overflowed_ = false;
  bool ready_ = false;
  std::string last_error_;
  std::optional<mqtt_transport::Connection> connection_;  // last: its threads use what is above
};

}  // namespace ledger::cli
