// A member of the federation played by the test: its certificate and keys, a real connection, and freedom to
// say what a well-behaved agent never would. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>

#include "agent/adapters/key_files.h"
#include "agent/core/reply.h"
#include "agent/core/request.h"
#include "ledger-client/core/topics.h"
#include "tests/support/broker.h"

namespace test_support {

ledger::TimePoint system_now();
std::string new_request_id();
// A request of `from` to `to` as an honest agent makes it.
edge::Request make_request(const ledger::Address& from, const ledger::Address& to, edge::Operation operation,
                           const edge::RecordQuery& query = {});

class TestPeer {
 public:
  // `keys` as `ehr-agent init` makes them; `filters` besides what is addressed to this peer.
  TestPeer(Broker& broker, const ledger::Federation& federation, const std::string& address,
           const std::filesystem::path& keys);

  const ledger::Address& address() const { return address_; }
  edge::LocalIdentity identity() const;
  const edge::KeyRing& keys() const { return keys_; }
  const ledger::Federation& federation() const { return federation_; }

  // Waits for the acknowledgement; the MQTT 5 reason code.
  int publish(const std::string& topic, ledger::ByteView payload, const std::string& response_topic = {});
  int publish_retained(const std::string& topic, ledger::ByteView payload);
  // Seals `text` to a member.
  ledger::Bytes seal(const ledger::Address& to, ledger::ByteView text) const;
  // Sealed, published where a request of this peer belongs.
  int send_request(const ledger::Address& to, const std::string& id, const std::string& jws,
                   const std::string& response_topic = {});

  // The next message of a kind about a request (about any, if `id` is empty), or nothing after `seconds`.
  std::optional<mqtt_transport::Message> next(ledger::topics::Kind kind, const std::string& id,
                                              int seconds = 20);
  // How many of any kind came about a request and were not taken.
  std::size_t waiting(const std::string& id);
  // What is inside, decrypted.
  ledger::Bytes open(const mqtt_transport::Message& message) const;
  // The next error about a request: its payload, whose signature is verified. Empty if none came.
  std::string next_error(const ledger::Address& from, const std::string& id);

 private:
  int publish(mqtt_transport::Message message);
  void take(mqtt_transport::Message&& message);

  ledger::Address address_;
  ledger::Federation federation_;
  edge::KeyRing keys_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<ledger::topics::Parsed, mqtt_transport::Message>> inbox_;
  std::unique_ptr<mqtt_transport::Connection> connection_;
};

}  // namespace test_support
