// Somebody with the broker's power: hears every ledger topic and alert, and publishes what it likes in
// anybody's place. Needs a federation whose broker is `overheard`. Thread-safe.
#pragma once

#include <condition_variable>
#include <mutex>

#include "ledger-client/core/topics.h"
#include "tests/support/broker.h"

namespace test_support {

class Meddler {
 public:
  explicit Meddler(const Broker& broker);

  // Payloads heard on a topic until now, in order.
  std::vector<std::string> heard(const std::string& topic) const;
  // Waits for the broker's acknowledgement.
  void publish(const std::string& topic, const std::string& payload, bool retained = false);

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool ready_ = false;
  std::vector<std::pair<std::string, std::string>> heard_;
  std::unique_ptr<mqtt_transport::Connection> connection_;
};

}  // namespace test_support
