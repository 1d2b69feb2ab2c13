// The broker's access rules, each by real delivery: what a forger or a monitor writes must not arrive, what
// is allowed must.
#include <catch2/catch.hpp>

#include "ledger-client/mqtt/connection.h"
#include "tests/support/broker.h"
#include "tests/unit/mqtt_transport/peer.h"

using namespace mqtt_transport;
using test_support::Broker;
using test_support::Peer;
using test_support::text_of;

namespace {

constexpr int kNotAuthorized = 135;

ConnectionOptions subscribed(ConnectionOptions options, std::vector<std::string> filters) {
  options.filters = std::move(filters);
  return options;
}

struct Three {
  Broker broker;
  Peer alice{subscribed(broker.agent_options("127.0.10.1"),
                        {"ehr/v1/127-0-10-1/request/#", "ehr/v1/127-0-10-1/response/#"})};
  Peer bob{subscribed(broker.agent_options("127.0.10.2"), {"ehr/#"})};  // asks for everything
  Peer watcher{subscribed(broker.monitor_options(), {"#"})};            // so does the monitor
  Three() {
    REQUIRE(alice.wait_ready());
    REQUIRE(bob.wait_ready());
    REQUIRE(watcher.wait_ready());
  }
  // Delivery is in order for one sender, so a marker after a forbidden message shows that the forbidden one
  // is not to come.
  void check_only_marker(Peer& receiver, const std::string& marker_topic, Peer& sender) {
    CHECK(sender.publish(marker_topic, "marker") == 0);
    const auto got = receiver.receive();
    REQUIRE(got);
    CHECK(got->topic == marker_topic);
    CHECK(text_of(*got) == "marker");
  }
};

}  // namespace

TEST_CASE("an agent writes to another only below its own name") {
  Three three;
  for (const char* topic :
       {"ehr/v1/127-0-10-1/request/127-0-10-3/1", "ehr/v1/127-0-10-1/request/127-0-10-1/1",
        "ehr/v1/127-0-10-1/request", "ehr/v1/127-0-10-1/response/127-0-10-3/1/manifest",
        "ehr/v1/127-0-10-1/request/127-0-10-22/1"}) {
    CAPTURE(topic);
    CHECK(three.bob.publish(topic, "forged") == kNotAuthorized);
  }
  three.check_only_marker(three.alice, "ehr/v1/127-0-10-1/request/127-0-10-2/1", three.bob);
  three.check_only_marker(three.alice, "ehr/v1/127-0-10-1/request/127-0-10-2/1/ack", three.bob);
  three.check_only_marker(three.alice, "ehr/v1/127-0-10-1/response/127-0-10-2/1/chunk/7", three.bob);
}

TEST_CASE("an agent writes its own public topics and nobody else's") {
  Three three;
  for (const char* name :
       {"status", "descriptor", "metrics", "alerts", "federation", "ledger/checkpoint", "ledger/entries"}) {
    CAPTURE(name);
    CHECK(three.bob.publish(std::string("ehr/v1/127-0-10-1/") + name, "forged") == kNotAuthorized);
    three.check_only_marker(three.watcher, std::string("ehr/v1/127-0-10-2/") + name, three.bob);
  }
  CHECK(three.bob.publish("ehr/v1/127-0-10-2/anything", "x") == kNotAuthorized);
  CHECK(three.bob.publish("ehr/v2/127-0-10-2/status", "x") == kNotAuthorized);
  CHECK(three.bob.publish("$SYS/broker/x", "x") == kNotAuthorized);
}

TEST_CASE("a cosignature is written by its witness alone") {
  Three three;
  CHECK(three.bob.publish("ehr/v1/127-0-10-1/ledger/cosignature/127-0-10-3", "forged") == kNotAuthorized);
  CHECK(three.bob.publish("ehr/v1/127-0-10-2/ledger/cosignature/127-0-10-1", "forged") == kNotAuthorized);
  three.check_only_marker(three.watcher, "ehr/v1/127-0-10-1/ledger/cosignature/127-0-10-2", three.bob);
}

TEST_CASE("requests and answers reach nobody but their addressee") {
  Three three;
  CHECK(three.alice.publish("ehr/v1/127-0-10-3/request/127-0-10-1/1", "secret") != kNotAuthorized);
  CHECK(three.alice.publish("ehr/v1/127-0-10-3/response/127-0-10-1/1/manifest", "secret") != kNotAuthorized);
  CHECK(three.alice.publish("ehr/v1/127-0-10-1/status", "public") == 0);
  for (Peer* other : {&three.bob, &three.watcher}) {
    const auto got = other->receive();
    REQUIRE(got);
    CHECK(text_of(*got) == "public");
  }
}

TEST_CASE("a monitor writes nothing, also with an agent's certificate on the monitors' listener") {
  Three three;
  Broker& broker = three.broker;
  auto intruding = broker.agent_options("127.0.10.4");
  intruding.url = broker.monitor_url();
  Peer intruder(intruding);
  REQUIRE(intruder.wait_ready());
  for (Peer* writer : {&three.watcher, &intruder}) {
    for (const char* topic :
         {"ehr/v1/127-0-10-1/status", "ehr/v1/monitor/status", "ehr/v1/127-0-10-1/request/monitor/1",
          "ehr/v1/127-0-10-2/request/127-0-10-1/1", "ehr/v1/127-0-10-1/ledger/entries"}) {
      CAPTURE(topic);
      CHECK(writer->publish(topic, "forged") == kNotAuthorized);
    }
  }
  three.check_only_marker(three.alice, "ehr/v1/127-0-10-1/request/127-0-10-2/1", three.bob);
}

TEST_CASE("retained topics wait for who comes later") {
  Three three;
  CHECK(three.bob.publish("ehr/v1/127-0-10-2/status", "ready", true) == 0);
  Peer late(subscribed(three.broker.monitor_options("late"), {"ehr/v1/+/status"}));
  REQUIRE(late.wait_ready());
  const auto got = late.receive();
  REQUIRE(got);
  CHECK(got->retained);
  CHECK(text_of(*got) == "ready");
}

TEST_CASE("a monitor can't throw an agent out by taking its client id") {
  Three three;
  auto options = subscribed(three.broker.monitor_options("second"), {"ehr/v1/+/status"});
  options.client_id = "127-0-10-2";
  Peer second(options);
  REQUIRE(second.wait_ready());
  CHECK(three.bob.publish("ehr/v1/127-0-10-2/status", "x") == 0);
  CHECK(second.receive());
  CHECK(three.watcher.receive());
  CHECK(three.bob.connection.counters().reconnects == 0);
}
