// A connection with an inbox, for tests: what it received and what became of its publishes can be waited for.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <optional>
#include <string>

#include "ledger-client/core/bytes.h"
#include "ledger-client/mqtt/connection.h"

namespace test_support {

class Peer {
 public:
  static constexpr std::chrono::seconds kPatience{20};

  explicit Peer(mqtt_transport::ConnectionOptions options) : connection(std::move(options), handlers()) {
    connection.start();
  }

  bool wait_ready(int times = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return ready_ >= times; });
  }
  bool wait_lost(int times = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return lost_ >= times; });
  }
  // The next message; nothing if none comes.
  std::optional<mqtt_transport::Message> receive(std::chrono::milliseconds patience = kPatience) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, patience, [&] { return !inbox_.empty(); })) return std::nullopt;
    auto message = std::move(inbox_.front());
    inbox_.pop_front();
    return message;
  }
  // The reason code of the acknowledgement; -2 if the message was not accepted, -3 if no outcome came.
  int publish(const std::string& topic, const std::string& text, bool retained = false) {
    mqtt_transport::Message message;
    message.topic = topic;
    message.payload = ledger::to_bytes(ledger::as_bytes(text));
    message.retained = retained;
    return publish(std::move(message));
  }
  int publish(mqtt_transport::Message message) {
    auto outcome = std::make_shared<std::promise<int>>();
    auto code = outcome->get_future();
    const auto result =
        connection.publish(std::move(message), [outcome](int reason) { outcome->set_value(reason); });
    if (result != mqtt_transport::PublishResult::kAccepted) return -2;
    return code.wait_for(kPatience) == std::future_status::ready ? code.get() : -3;
  }
  mqtt_transport::Loss loss() {
    const std::lock_guard lock(mutex_);
    return loss_;
  }

 private:
  mqtt_transport::ConnectionHandlers handlers() {
    return {.on_message =
                [this](mqtt_transport::Message&& message) {
                  const std::lock_guard lock(mutex_);
                  inbox_.push_back(std::move(message));
                  changed_.notify_all();
                },
            .on_ready =
                [this] {
                  const std::lock_guard lock(mutex_);
                  ++ready_;
                  changed_.notify_all();
                },
            .on_lost =
                [this](const mqtt_transport::Loss& loss) {
                  const std::lock_guard lock(mutex_);
                  ++lost_;
                  loss_ = loss;
                  changed_.notify_all();
                }};
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<mqtt_transport::Message> inbox_;
  int ready_ = 0, lost_ = 0;
  mqtt_transport::Loss loss_;

 public:
  mqtt_transport::Connection connection;  // last: no handler runs after it
};

inline std::string text_of(const mqtt_transport::Message& message) {
  return std::string(ledger::as_text(message.payload));
}

}  // namespace test_support
