// Ordinary MQTT tools and our connection understand each other.
#include <catch2/catch.hpp>
#include <thread>

#include "ledger-client/mqtt/connection.h"
#include "tests/support/broker.h"
#include "tests/support/shared_data.h"
#include "tests/unit/mqtt_transport/peer.h"

using namespace mqtt_transport;
using test_support::Broker;
using test_support::Peer;
using test_support::Process;
using test_support::read_file;
using test_support::text_of;

namespace {

// A mosquitto tool as that agent, or as a monitor.
std::vector<std::string> tool(const std::string& name, const ConnectionOptions& as, int port,
                              std::vector<std::string> more) {
  std::vector<std::string> command = {
      name, "-V",       "5",        "-h",     "127.0.0.1",         "-p",    std::to_string(port), "-q",
      "1",  "--cafile", as.ca_file, "--cert", as.certificate_file, "--key", as.key_file};
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

}  // namespace

TEST_CASE("what mosquitto_pub sends arrives with its properties") {
  Broker broker;
  auto options = broker.agent_options("127.0.10.1");
  options.filters = {"ehr/v1/127-0-10-1/request/#"};
  Peer alice(options);
  REQUIRE(alice.wait_ready());
  test_support::run(tool(
      "mosquitto_pub", broker.agent_options("127.0.10.2"), broker.agents_port(),
      {"-t", "ehr/v1/127-0-10-1/request/127-0-10-2/7", "-m", "hello", "-D", "publish", "response-topic",
       "a/b", "-D", "publish", "correlation-data", "seven", "-D", "publish", "content-type", "text/plain"}));
  const auto got = alice.receive();
  REQUIRE(got);
  CHECK(text_of(*got) == "hello");
  CHECK(got->properties.response_topic == "a/b");
  CHECK(ledger::as_text(got->properties.correlation_data) == "seven");
  CHECK(got->properties.content_type == "text/plain");
}

TEST_CASE("mosquitto_sub on the monitors' listener shows the status an agent keeps retained") {
  Broker broker;
  Peer alice(broker.agent_options("127.0.10.1"));
  REQUIRE(alice.wait_ready());
  CHECK(alice.publish("ehr/v1/127-0-10-1/status", R"({"state":"ready"})", true) >= 0);
  const auto output = test_support::run(
      tool("mosquitto_sub", broker.monitor_options(), broker.monitors_port(),
           {"-t", "ehr/v1/+/status", "-t", "ehr/v1/+/ledger/#", "-v", "-C", "1", "-W", "20"}));
  CHECK(output == "ehr/v1/127-0-10-1/status {\"state\":\"ready\"}\n");
}

TEST_CASE("mosquitto_rr gets the answer of a handler that follows Response Topic and Correlation Data") {
  Broker broker;
  auto options = broker.agent_options("127.0.10.1");
  options.filters = {"ehr/v1/127-0-10-1/request/#"};
  std::unique_ptr<Connection> alice;
  alice = std::make_unique<Connection>(
      options, ConnectionHandlers{.on_message = [&](Message&& request) {
        Message answer;
        answer.topic = request.properties.response_topic;
        answer.properties.correlation_data = request.properties.correlation_data;
        answer.payload = ledger::to_bytes(ledger::as_bytes("answer to " + text_of(request)));
        alice->publish(std::move(answer));
      }});
  alice->start();
  while (!alice->ready()) std::this_thread::yield();
  const auto output = test_support::run(
      tool("mosquitto_rr", broker.agent_options("127.0.10.2"), broker.agents_port(),
           {"-t", "ehr/v1/127-0-10-1/request/127-0-10-2/1", "-e", "ehr/v1/127-0-10-2/response/127-0-10-1/1",
            "-m", "hello", "-D", "publish", "correlation-data", "c", "-W", "20"}));
  CHECK(output == "answer to hello\n");
  alice->stop();
}
