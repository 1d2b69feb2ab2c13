// One connection against a real broker over TLS.
#include "ledger-client/mqtt/connection.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "tests/support/broker.h"
#include "tests/unit/mqtt_transport/peer.h"

using namespace mqtt_transport;
using test_support::Broker;
using test_support::Peer;
using test_support::text_of;

namespace {

constexpr const char* kAlice = "127.0.10.1";
constexpr const char* kBob = "127.0.10.2";

ConnectionOptions listening(Broker& broker, const std::string& address,
                            ProtocolVersion version = ProtocolVersion::kMqtt5) {
  auto options = broker.agent_options(address);
  options.version = version;
  const std::string own = "ehr/v1/" + options.client_id;
  options.filters = {own + "/request/#", own + "/response/#"};
  return options;
}

Message with_properties(const std::string& topic) {
  Message message;
  message.topic = topic;
  message.payload = {0, 1, 2, 255};
  message.properties.response_topic = "ehr/v1/127-0-10-2/response/127-0-10-1/1";
  message.properties.correlation_data = {0, 9, 0, 8};
  message.properties.message_expiry_seconds = 300;
  message.properties.content_type = "application/octet-stream";
  message.properties.payload_is_text = true;
  return message;
}

}  // namespace

TEST_CASE("MQTT 5 carries a message and its properties") {
  Broker broker;
  Peer alice(listening(broker, kAlice)), bob(listening(broker, kBob));
  REQUIRE(alice.wait_ready());
  REQUIRE(bob.wait_ready());
  CHECK(bob.publish(with_properties("ehr/v1/127-0-10-1/request/127-0-10-2/1")) == 0);
  const auto got = alice.receive();
  REQUIRE(got);
  CHECK(got->topic == "ehr/v1/127-0-10-1/request/127-0-10-2/1");
  CHECK(got->payload == ledger::Bytes{0, 1, 2, 255});
  CHECK(got->qos == 1);
  CHECK_FALSE(got->retained);
  CHECK(got->properties.response_topic == "ehr/v1/127-0-10-2/response/127-0-10-1/1");
  CHECK(got->properties.correlation_data == ledger::Bytes{0, 9, 0, 8});
  REQUIRE(got->properties.message_expiry_seconds);
  CHECK(*got->properties.message_expiry_seconds <= 300);
  CHECK(*got->properties.message_expiry_seconds > 200);
  CHECK(got->properties.content_type == "application/octet-stream");
  CHECK(got->properties.payload_is_text);
}

TEST_CASE("MQTT 3.1.1 carries the message and drops the properties") {
  Broker broker;
  Peer alice(listening(broker, kAlice, ProtocolVersion::kMqtt311)),
      bob(listening(broker, kBob, ProtocolVersion::kMqtt311));
  REQUIRE(alice.wait_ready());
  REQUIRE(bob.wait_ready());
  CHECK(bob.publish(with_properties("ehr/v1/127-0-10-1/request/127-0-10-2/1")) == 0);
  const auto got = alice.receive();
  REQUIRE(got);
  CHECK(got->payload == ledger::Bytes{0, 1, 2, 255});
  CHECK(got->properties.response_topic.empty());
  CHECK(got->properties.correlation_data.empty());
  CHECK_FALSE(got->properties.message_expiry_seconds);
}

TEST_CASE("a forbidden publish is reported with its reason under MQTT 5") {
  Broker broker;
  Peer bob(listening(broker, kBob));
  REQUIRE(bob.wait_ready());
  CHECK(bob.publish("ehr/v1/127-0-10-1/status", "forged") == 135);
  CHECK(bob.connection.counters().refused == 1);
  CHECK(bob.publish("ehr/v1/127-0-10-2/status", "own") != 135);
}

TEST_CASE("a large message arrives whole, and an empty one") {
  Broker broker;
  Peer alice(listening(broker, kAlice)), bob(listening(broker, kBob));
  REQUIRE(alice.wait_ready());
  REQUIRE(bob.wait_ready());
  std::string large(1u << 20, 'x');
  for (std::size_t i = 0; i < large.size(); i += 997) large[i] = static_cast<char>(i);
  CHECK(bob.publish("ehr/v1/127-0-10-1/response/127-0-10-2/1/chunk/0", large) == 0);
  CHECK(bob.publish("ehr/v1/127-0-10-1/response/127-0-10-2/1/chunk/1", "") == 0);
  auto got = alice.receive();
  REQUIRE(got);
  CHECK((text_of(*got) == large));
  got = alice.receive();
  REQUIRE(got);
  CHECK(got->payload.empty());
}

TEST_CASE("order is kept, all arrives, and the window is never exceeded") {
  Broker broker;
  auto options = listening(broker, kBob);
  options.max_unacknowledged = 4;
  Peer alice(listening(broker, kAlice)), bob(std::move(options));
  REQUIRE(alice.wait_ready());
  REQUIRE(bob.wait_ready());
  constexpr int kMessages = 500;
  std::atomic<int> handed_over = 0, acknowledged = 0, most = 0;
  for (int n = 0; n < kMessages; ++n) {
    Message message;
    message.topic = "ehr/v1/127-0-10-1/response/127-0-10-2/1/chunk/" + std::to_string(n);
    message.payload.resize(4'096);
    REQUIRE(bob.connection.publish(std::move(message), [&](int) { ++acknowledged; }) ==
            PublishResult::kAccepted);
    ++handed_over;
    most = std::max<int>(most, handed_over - acknowledged);
  }
  // publish() returns when the message is in the window, so nobody ever sees more outstanding than it holds.
  CHECK(most <= 4);
  for (int n = 0; n < kMessages; ++n) {
    const auto got = alice.receive();
    REQUIRE(got);
    REQUIRE(got->topic == "ehr/v1/127-0-10-1/response/127-0-10-2/1/chunk/" + std::to_string(n));
  }
  bob.connection.stop();
  CHECK(acknowledged == kMessages);
  CHECK(bob.connection.counters().published == kMessages);
}

TEST_CASE("peers that answer from their handlers while others publish in a storm don't lock each other out") {
  Broker broker;
  std::atomic<int> echoed = 0;
  std::unique_ptr<Connection> alice;
  auto answering = listening(broker, kAlice);
  answering.max_unacknowledged = 3;
  alice = std::make_unique<Connection>(answering, ConnectionHandlers{.on_message = [&](Message&& message) {
                                         message.topic = "ehr/v1/127-0-10-2/response/127-0-10-1/" +
                                                         message.topic.substr(message.topic.rfind('/') + 1);
                                         alice->publish(std::move(message));
                                       }});
  std::mutex mutex;
  std::condition_variable changed;
  Connection bob(listening(broker, kBob), {.on_message = [&](Message&&) {
                   ++echoed;
                   const std::lock_guard lock(mutex);
                   changed.notify_all();
                 }});
  alice->start();
  bob.start();
  constexpr int kThreads = 3, kEach = 200;
  std::vector<std::thread> storm;
  const auto wait_ready = [](const Connection& connection) {
    while (!connection.ready()) std::this_thread::yield();
  };
  wait_ready(*alice);
  wait_ready(bob);
  for (int t = 0; t < kThreads; ++t) {
    storm.emplace_back([&, t] {
      for (int n = 0; n < kEach; ++n) {
        Message message;
        message.topic = "ehr/v1/127-0-10-1/request/127-0-10-2/" + std::to_string(t * kEach + n);
        message.payload.resize(8'192);
        bob.publish(std::move(message));
      }
    });
  }
  for (auto& thread : storm) thread.join();
  std::unique_lock lock(mutex);
  CHECK(changed.wait_for(lock, Peer::kPatience, [&] { return echoed == kThreads * kEach; }));
  lock.unlock();
  alice->stop();
}

TEST_CASE("what a handler throws is swallowed and counted") {
  Broker broker;
  auto options = listening(broker, kAlice);
  Connection alice(options, {.on_message = [](Message&&) { throw std::runtime_error("bad handler"); }});
  alice.start();
  Peer bob(listening(broker, kBob));
  REQUIRE(bob.wait_ready());
  while (!alice.ready()) std::this_thread::yield();
  CHECK(bob.publish("ehr/v1/127-0-10-1/request/127-0-10-2/1", "a") == 0);
  while (alice.counters().handler_faults == 0) std::this_thread::yield();
  CHECK(alice.ready());
}

TEST_CASE("publishing without a connection is refused at once, also after stop") {
  Broker broker;
  Connection never(broker.agent_options(kAlice), {});
  CHECK(never.publish({.topic = "ehr/v1/127-0-10-1/status"}) == PublishResult::kDisconnected);
  Peer alice(listening(broker, kAlice));
  REQUIRE(alice.wait_ready());
  alice.connection.stop();
  alice.connection.stop();
  CHECK_FALSE(alice.connection.ready());
  CHECK(alice.publish("ehr/v1/127-0-10-1/status", "x") == -2);
}

TEST_CASE("a connection can be destroyed at any moment of connecting and publishing") {
  Broker broker;
  for (int n = 0; n < 8; ++n) {
    auto peer = std::make_unique<Peer>(listening(broker, kAlice));
    if (n % 2 == 1) {
      REQUIRE(peer->wait_ready());
      for (int m = 0; m < 30; ++m)
        peer->connection.publish({.topic = "ehr/v1/127-0-10-1/status", .payload = {1, 2, 3}});
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(n * 3));  // somewhere in the handshake
    }
  }
}
