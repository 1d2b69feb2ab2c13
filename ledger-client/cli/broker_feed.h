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
  Address agent;                               // by the topic
  // The log it is about, as the payload says, if that is one of the agent's: it may have retired one and
  // begun the next. Otherwise the agent's first log, whose rules then refuse the payload. Empty for a
  // cosignature, which names none: it may be about any log of the agent.
  std::string origin;
  std::string payload;

  bool is_about(const std::string& log) const;
};
// The log that a message on an agent's topic is about, by its payload.
std::string origin_of_message(topics::Kind kind, const Address& agent, std::string_view payload);

class BrokerFeed {
 public:
  // Connects and waits until the subscriptions stand. Throws UserError: of files that can't be used at once,
  // kUnavailable after `timeout`, or as soon as it is known that waiting doesn't help.
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
  mqtt_transport::Loss loss_;
  std::optional<mqtt_transport::Connection> connection_;  // last: its threads use what is above
};

}  // namespace ledger::cli
