#include "ledger-client/mqtt/broker_url.h"

#include <catch2/catch.hpp>

using mqtt_transport::parse_broker_url;

TEST_CASE("broker URLs") {
  const auto tls = parse_broker_url("mqtts://broker.example.org:8884");
  CHECK(tls.tls);
  CHECK(tls.host == "broker.example.org");
  CHECK(tls.port == 8884);
  CHECK(tls.paho_uri() == "ssl://broker.example.org:8884");
  CHECK(parse_broker_url("mqtt://10.0.0.1").paho_uri() == "tcp://10.0.0.1:1883");
  CHECK(parse_broker_url("mqtts://[fd00::5]:1").paho_uri() == "ssl://[fd00::5]:1");
  CHECK(parse_broker_url("mqtts://[fd00::5]").port == 8883);
}

TEST_CASE("what is no broker URL is refused") {
  for (const char* bad : {"", "broker", "http://broker", "mqtts://", "mqtts://:1", "mqtts://a:0",
                          "mqtts://a:65536", "mqtts://a:", "mqtts://a:1x", "mqtts://a/b", "mqtts://u@a",
                          "mqtts://[::1", "mqtts://]", "mqtts://a b", "mqtts://[::1]2:3", "mqtts://[]:1"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(parse_broker_url(bad), std::invalid_argument);
  }
}
