// Brokers that come late, die and come back; agents that die.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <thread>

#include "ledger-client/mqtt/connection.h"
#include "tests/support/broker.h"
#include "tests/support/shared_data.h"
#include "tests/unit/mqtt_transport/peer.h"

using namespace mqtt_transport;
using test_support::Broker;
using test_support::Peer;
using test_support::text_of;

namespace {

constexpr const char* kAlice = "127.0.10.1";
constexpr const char* kBob = "127.0.10.2";

ConnectionOptions with_filter(ConnectionOptions options, const std::string& filter) {
  options.filters = {filter};
  return options;
}

}  // namespace

TEST_CASE("a broker that appears after the first attempts is found") {
  Broker broker;
  broker.stop();
  Peer alice(with_filter(broker.agent_options(kAlice), "ehr/v1/+/status"));
  REQUIRE(alice.wait_lost(2));
  CHECK_FALSE(alice.connection.ready());
  broker.restart();
  REQUIRE(alice.wait_ready());
  CHECK(alice.publish("ehr/v1/127-0-10-1/status", "here") == 0);
  CHECK(alice.receive());
}

TEST_CASE("after a killed broker comes back, subscriptions and publishes work again") {
  const auto version = GENERATE(ProtocolVersion::kMqtt5, ProtocolVersion::kMqtt311);
  Broker broker;
  auto options = with_filter(broker.agent_options(kAlice), "ehr/v1/127-0-10-1/request/#");
  options.version = version;
  Peer alice(std::move(options)), bob(broker.agent_options(kBob));
  REQUIRE(alice.wait_ready());
  REQUIRE(bob.wait_ready());
  broker.kill_hard();
  REQUIRE(alice.wait_lost());
  REQUIRE(bob.wait_lost());
  CHECK(alice.publish("ehr/v1/127-0-10-1/status", "nobody there") == -2);
  broker.restart();
  REQUIRE(alice.wait_ready(2));
  REQUIRE(bob.wait_ready(2));
  CHECK(alice.connection.counters().reconnects == 1);
  CHECK(bob.publish("ehr/v1/127-0-10-1/request/127-0-10-2/1", "again") == 0);
  const auto got = alice.receive();
  REQUIRE(got);
  CHECK(text_of(*got) == "again");
}

TEST_CASE("publishes caught by a dying broker all end in exactly one outcome") {
  Broker broker;
  Peer alice(broker.agent_options(kAlice));
  REQUIRE(alice.wait_ready());
  std::atomic<int> outcomes = 0, accepted = 0;
  std::thread killer([&] {
    while (accepted < 200) std::this_thread::yield();
    broker.kill_hard();
  });
  for (;;) {
    Message message;
    message.topic = "ehr/v1/127-0-10-1/ledger/entries";
    message.payload.resize(20'000);
    const auto result = alice.connection.publish(std::move(message), [&](int) { ++outcomes; });
    if (result != PublishResult::kAccepted) break;
    ++accepted;
  }
  killer.join();
  REQUIRE(alice.wait_lost());
  alice.connection.stop();
  CHECK(outcomes == accepted);
}

// Paho walks its own list while it fails what is in it; a publish from there crashed in that list.
TEST_CASE("nothing is accepted any more once a publish has failed, not in its own handler either") {
  Broker broker;
  Peer alice(broker.agent_options(kAlice));
  REQUIRE(alice.wait_ready());
  std::atomic<int> accepted = 0, lost = 0, accepted_again = 0;
  const auto message = [] {
    return Message{.topic = "ehr/v1/127-0-10-1/ledger/entries", .payload = ledger::Bytes(20'000)};
  };
  const auto retry = [&](int code) {
    if (code != -1) return;
    ++lost;
    if (alice.connection.publish(message()) == PublishResult::kAccepted) ++accepted_again;
  };
  broker.freeze();  // so that the window is full when it dies
  std::thread killer([&] {
    while (accepted < 16) std::this_thread::yield();
    broker.kill_hard();
  });
  while (alice.connection.publish(message(), retry) == PublishResult::kAccepted) ++accepted;
  killer.join();
  REQUIRE(alice.wait_lost());
  alice.connection.stop();
  CHECK(lost >= 16);
  CHECK(accepted_again == 0);
}

TEST_CASE("the Will is sent for a killed agent, and not for one that stops in good order") {
  Broker broker;
  Peer watcher(with_filter(broker.monitor_options(), "ehr/v1/+/status"));
  REQUIRE(watcher.wait_ready());
  auto options = broker.agent_options(kAlice);
  options.will = Message{.topic = "ehr/v1/127-0-10-1/status",
                         .payload = ledger::to_bytes(ledger::as_bytes("lost")),
                         .retained = true};

  SECTION("killed") {
    // mosquitto_pub in the agent's place, since a test can't kill itself: it waits for lines on its standard
    // input.
    int lines[2];
    REQUIRE(pipe2(lines, O_CLOEXEC) == 0);
    const std::string command = "exec mosquitto_pub -V 5 -q 1 -l -h 127.0.0.1 -p " +
                                std::to_string(broker.agents_port()) + " --cafile " + options.ca_file +
                                " --cert " + options.certificate_file + " --key " + options.key_file +
                                " -t ehr/v1/127-0-10-1/status --will-topic ehr/v1/127-0-10-1/status "
                                "--will-payload lost --will-qos 1 <&" +
                                std::to_string(dup(lines[0]));
    test_support::Process agent({"/bin/sh", "-c", command}, broker.folder() / "agent.log");
    REQUIRE(write(lines[1], "ready\n", 6) == 6);
    auto got = watcher.receive();
    REQUIRE(got);
    CHECK(text_of(*got) == "ready");
    agent.signal(SIGKILL);
    got = watcher.receive();
    REQUIRE(got);
    CHECK(text_of(*got) == "lost");
  }
  SECTION("our own connection, cut off") {
    Peer alice(options);
    REQUIRE(alice.wait_ready());
    Peer successor(options);  // the same name: the broker ends the first connection
    const auto got = watcher.receive();
    REQUIRE(got);
    CHECK(text_of(*got) == "lost");
    REQUIRE(alice.wait_lost());
    alice.connection.stop();
  }
  SECTION("stopped") {
    Peer alice(options);
    REQUIRE(alice.wait_ready());
    alice.connection.stop();
    Peer bob(broker.agent_options(kBob));
    REQUIRE(bob.wait_ready());
    CHECK(bob.publish("ehr/v1/127-0-10-2/status", "later") == 0);
    const auto got = watcher.receive();
    REQUIRE(got);
    CHECK(text_of(*got) == "later");
  }
}

TEST_CASE("a broker that isn't the one named, or without TLS 1.3, is not spoken to") {
  Broker broker;
  auto options = broker.agent_options(kAlice);
  SECTION("another name") {
    const auto before = broker.log().size();
    options.url = "mqtts://localhost:" + std::to_string(broker.agents_port());
    Peer alice(options);
    REQUIRE(alice.wait_lost());
    CHECK_FALSE(alice.connection.ready());
    broker.stop();
    CHECK(broker.log().size() > before + 100);  // it was there, and was refused by us
  }
  SECTION("another CA") {
    Broker other;
    options.ca_file = other.ca();
    Peer alice(options);
    REQUIRE(alice.wait_lost());
    CHECK_FALSE(alice.connection.ready());
    broker.stop();  // its log is whole then
    CHECK(broker.log().find("unknown ca") != std::string::npos);
  }
  SECTION("no certificate of our own") {
    options.certificate_file.clear();
    options.key_file.clear();
    Peer alice(options);
    REQUIRE(alice.wait_lost());
    CHECK_FALSE(alice.connection.ready());
  }
  SECTION("a server that knows TLS 1.2 only") {
    const test_support::ReservedPorts ports;
    const auto own = broker.agent(kBob);
    const test_support::Process server(
        {"openssl", "s_server", "-tls1_2", "-www", "-accept", std::to_string(ports.first()), "-cert",
         (broker.folder() / "pki/broker/broker.crt").string(), "-key",
         (broker.folder() / "pki/broker/broker.key").string()},
        broker.folder() / "server.log");
    options.url = "mqtts://127.0.0.1:" + std::to_string(ports.first());
    Peer alice(options);
    bool refused = false;
    for (int n = 1; n <= 6 && !refused; ++n) {
      REQUIRE(alice.wait_lost(n));
      refused = test_support::read_file(broker.folder() / "server.log").find("no shared cipher") !=
                std::string::npos;
    }
    CHECK(refused);
    CHECK_FALSE(alice.connection.ready());
  }
}
