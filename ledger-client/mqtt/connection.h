// One MQTT connection over Paho, with the traps of wire.md handled: TCP_NODELAY and a large SO_SNDBUF after
// each connect, handlers installed before connect, an own window of at most 20 unacknowledged publishes, QoS
// 1 throughout, clean start, reconnect for ever with back-off, TLS 1.3 and nothing below. Nothing else in the
// project includes <mqtt/…>.
//
// Thread-safe. Handlers run on Paho's threads (on_lost on a thread of the connection): they must only copy
// and hand over, must not wait and are noexcept by contract (what they throw is swallowed and counted). They
// may publish. They must not stop or destroy the connection.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ledger-client/core/bytes.h"
#include "ledger-client/mqtt/loss.h"

namespace mqtt_transport {

enum class ProtocolVersion { kMqtt311, kMqtt5 };

// MQTT 5 properties that ordinary tools understand. Dropped on 3.1.1; nothing is decided on them except
// refusing a foreign Response Topic.
struct Properties {
  std::string response_topic;
  ledger::Bytes correlation_data;
  std::optional<std::uint32_t> message_expiry_seconds;
  std::string content_type;
  bool payload_is_text = false;
};

struct Message {
  std::string topic;
  ledger::Bytes payload{};
  bool retained = false;
  int qos = 1;
  Properties properties{};
};

struct ConnectionOptions {
  std::string url;  // mqtts://host:port, or mqtt://host:port without TLS
  ProtocolVersion version = ProtocolVersion::kMqtt5;
  std::string client_id;
  std::string user;  // monitors with a password only; agents are named by their certificate
  std::string password_file;
  std::string ca_file, certificate_file, key_file;
  std::optional<Message> will;
  std::vector<std::string> filters;           // subscribed at QoS 1 on every connect
  std::size_t max_unacknowledged = 16;        // own window, at most 20
  std::size_t max_waiting_bytes = 64u << 20;  // publishes waiting for the window, over all callers
  std::uint32_t send_buffer_bytes = 8u << 20;
};

enum class PublishResult {
  kAccepted,  // handed to Paho, or queued when called on one of its threads; the outcome comes through `done`
  kDisconnected,  // not sent
  kTooMuch,       // max_waiting_bytes reached
};

struct ConnectionHandlers {
  std::function<void(Message&&)> on_message{};
  std::function<void()> on_ready{};  // connected and every subscription granted; after every reconnect too
  // The connection ended, or an attempt failed (every attempt; they are at most 30 s apart).
  std::function<void(const Loss& loss)> on_lost{};
};

// MQTT 5 reason code of an acknowledgement; 0 is success, 16 success but nobody is subscribed, 135 Not
// authorized (a forbidden topic), -1 the connection was lost first: by then nothing is accepted any more
// until it is back. 3.1.1 knows only 0 and -1. A QoS 0 message is done when it is handed over.
using PublishDone = std::function<void(int reason_code)>;

class Session;

class Connection {
 public:
  // Throws std::invalid_argument for a bad URL. Connects nothing yet.
  Connection(ConnectionOptions options, ConnectionHandlers handlers);
  ~Connection();  // stop(0)
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Starts connecting and returns at once; a broker that is not there yet is tried for ever (0.2 s doubling
  // to 30 s, with jitter).
  void start();
  bool ready() const;

  // Hands the message over. Waits for the window if it is full, except on Paho's own threads, where it is
  // queued. Order is kept per caller. `done` runs exactly once for an accepted message, on any thread (in
  // stop(), on the stopping one); it must not wait.
  PublishResult publish(Message message, PublishDone done = {});

  // Connects anew, with the certificate and key files as they are now, after at most `grace_ms` for what is
  // in flight. Publishes meanwhile are kDisconnected, as after any loss. Where it is not connected, the next
  // attempt reads the files anyway. Not from a handler.
  void reconnect(int grace_ms = 2000);

  // Disconnects in good order (the Will is not sent) after at most `grace_ms` for what is in flight.
  // Afterwards no handler runs any more. Final: a stopped connection isn't started again.
  void stop(int grace_ms = 2000);

  struct Counters {
    std::uint64_t received = 0, published = 0, refused = 0, reconnects = 0, handler_faults = 0;
  };
  Counters counters() const;

 private:
  std::unique_ptr<Session> session_;
};

}  // namespace mqtt_transport
