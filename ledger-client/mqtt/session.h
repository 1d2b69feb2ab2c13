// The life of one connection: a thread that connects and reconnects, and the handlers Paho calls. Internal to
// this folder; users see connection.h.
//
// Locks: `mutex_` here and the window's own. Neither is ever held while Paho or a user's handler is called,
// because Paho calls us with its one global mutex held. Whoever runs a user's handler or calls Paho passes
// the gate (`enter`, `leave`); stop() closes it and waits until nobody is inside, so that the client can be
// destroyed and no handler runs afterwards.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "ledger-client/mqtt/broker_url.h"
#include "ledger-client/mqtt/connection.h"
#include "ledger-client/mqtt/paho_client.h"
#include "ledger-client/mqtt/publish_window.h"

namespace mqtt_transport {

class Session final : private PahoEvents {
 public:
  Session(ConnectionOptions options, ConnectionHandlers handlers);
  ~Session() override;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void start();
  bool ready() const;
  PublishResult publish(Message message, PublishDone done);
  void reconnect(int grace_ms);
  void stop(int grace_ms);
  Connection::Counters counters() const;

 private:
  enum class Phase { kIdle, kConnecting, kConnected, kReady, kLost };

  // The connecting thread.
  void run(const std::stop_token& stop);
  void attempt();
  void after_loss(const std::stop_token& stop);

  // Called on Paho's threads.
  void connected() noexcept override;
  void subscribed(bool granted) noexcept override;
  void lost(const Loss& loss) noexcept override;
  void unreachable() noexcept override;
  void received(const mqtt::message& message) noexcept override;
  void acknowledged(std::uint64_t id, int reason_code) noexcept override;

  void hand_over();
  void report(const PublishDone& done, int reason_code);
  bool enter();
  void leave();
  template <class Call>
  void guarded(Call&& call) noexcept;

  const ConnectionOptions options_;
  const ConnectionHandlers handlers_;
  const BrokerUrl url_;
  PublishWindow window_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  Phase phase_ = Phase::kIdle;
  bool stopping_ = false, gate_closed_ = false, stopped_ = false, connected_before_ = false;
  int inside_ = 0;
  Loss loss_;
  bool unexplained_ = false;  // an attempt failed, and nobody has said why
  Connection::Counters counters_;

  std::unique_ptr<PahoClient> paho_;
  std::jthread thread_;
};

}  // namespace mqtt_transport
