#include "tests/faults/meddler.h"

#include <future>
#include <stdexcept>

namespace test_support {

Meddler::Meddler(const Broker& broker) {
  auto options = broker.eavesdropper_options();
  options.client_id = "meddler";
  options.filters = {
      std::string(ledger::topics::kEveryEntries), std::string(ledger::topics::kEveryCheckpoint),
      std::string(ledger::topics::kEveryCosignature), std::string(ledger::topics::kEveryAlert)};
  connection_ = std::make_unique<mqtt_transport::Connection>(
      std::move(options),
      mqtt_transport::ConnectionHandlers{[this](mqtt_transport::Message&& message) {
                                           const std::lock_guard lock(mutex_);
                                           heard_.emplace_back(message.topic,
                                                               std::string(ledger::as_text(message.payload)));
                                         },
                                         [this] {
                                           const std::lock_guard lock(mutex_);
                                           ready_ = true;
                                           changed_.notify_all();
                                         },
                                         {}});
  connection_->start();
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, std::chrono::seconds(20), [this] { return ready_; }))
    throw std::runtime_error("the meddler can't connect: " + broker.log());
}

std::vector<std::string> Meddler::heard(const std::string& topic) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> payloads;
  for (const auto& [where, payload] : heard_) {
    if (where == topic) payloads.push_back(payload);
  }
  return payloads;
}

void Meddler::publish(const std::string& topic, const std::string& payload, bool retained) {
  mqtt_transport::Message message;
  message.topic = topic;
  message.payload = ledger::to_bytes(ledger::as_bytes(payload));
  message.retained = retained;
  auto done = std::make_shared<std::promise<int>>();
  auto code = done->get_future();
  (void)connection_->publish(std::move(message), [done](int reason) { done->set_value(reason); });
  if (code.wait_for(std::chrono::seconds(20)) != std::future_status::ready)
    throw std::runtime_error("no acknowledgement for " + topic);
}

}  // namespace test_support
