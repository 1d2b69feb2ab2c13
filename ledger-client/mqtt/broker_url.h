// Where a broker is: `mqtts://host:port` (TLS, port 8883) or `mqtt://host:port` (port 1883); an IPv6 address
// stands in brackets. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mqtt_transport {

struct BrokerUrl {
  bool tls = false;
  std::string host;  // IPv6 with its brackets
  std::uint16_t port = 0;

  // As Paho spells it: ssl:// or tcp://.
  std::string paho_uri() const;
};

// Throws std::invalid_argument for anything else (another scheme, a path, no host, a port that is none).
BrokerUrl parse_broker_url(std::string_view url);

}  // namespace mqtt_transport
