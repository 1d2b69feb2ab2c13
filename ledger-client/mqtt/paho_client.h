// Paho's client with its handlers and tokens, and nothing decided: what happens is told to PahoEvents.
// Internal to this folder.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "ledger-client/mqtt/broker_url.h"
#include "ledger-client/mqtt/connection.h"

namespace mqtt {
class message;
}

namespace mqtt_transport {

// Called on Paho's threads, with its global mutex held: must not wait. Exceptions end the process.
class PahoEvents {
 public:
  virtual ~PahoEvents() = default;
  virtual void connected() noexcept = 0;
  virtual void subscribed(bool granted) noexcept = 0;
  virtual void lost(const Loss& loss) noexcept = 0;  // also an attempt that the broker refused
  virtual void unreachable() noexcept = 0;           // an attempt that failed before the broker said anything
  virtual void received(const mqtt::message& message) noexcept = 0;
  virtual void acknowledged(std::uint64_t id, int reason_code) noexcept = 0;  // -1: lost before
};

class PahoClient {
 public:
  // Handlers are installed here, once. `options`, `url` and `events` must outlive the client.
  PahoClient(const ConnectionOptions& options, const BrokerUrl& url, PahoEvents& events);
  ~PahoClient();  // no event comes afterwards

  // Each starts something and returns; they throw when it can't be started.
  void connect();
  void subscribe();
  void publish(const Message& message, std::uint64_t id);  // acknowledged() follows for QoS 1

  // Paho's words for a failed attempt, if any. Only on the connecting thread.
  std::string why_connect_failed() const;
  // Waits a moment for the end. Not on Paho's threads.
  void disconnect() noexcept;

 private:
  class Client;
  std::unique_ptr<Client> client_;
};

}  // namespace mqtt_transport
