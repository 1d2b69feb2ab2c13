#include "ledger-client/mqtt/broker_url.h"

#include <charconv>
#include <stdexcept>

namespace mqtt_transport {
namespace {

[[noreturn]] void refuse() {
  throw std::invalid_argument("a broker URL is mqtts://host:port or mqtt://host:port");
}

std::uint16_t parse_port(std::string_view digits) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port == 0) refuse();
  return port;
}

}  // namespace

std::string BrokerUrl::paho_uri() const {
  return (tls ? "ssl://" : "tcp://") + host + ":" + std::to_string(port);
}

BrokerUrl parse_broker_url(std::string_view url) {
  BrokerUrl parsed;
  if (url.starts_with("mqtts://")) {
    parsed.tls = true;
    url.remove_prefix(8);
  } else if (url.starts_with("mqtt://")) {
    url.remove_prefix(7);
  } else {
    refuse();
  }
  if (url.find_first_of("/@?# ") != std::string_view::npos) refuse();
  const auto bracket = url.rfind(']');
  const auto colon = url.find(':', bracket == std::string_view::npos ? 0 : bracket);
  parsed.host = url.substr(0, colon);
  parsed.port =
      colon == std::string_view::npos ? (parsed.tls ? 8883 : 1883) : parse_port(url.substr(colon + 1));
  const bool bracketed = parsed.host.size() > 2 && parsed.host.front() == '[' && parsed.host.back() == ']';
  if (parsed.host.empty() || (bracket != std::string_view::npos && !bracketed)) refuse();
  return parsed;
}

}  // namespace mqtt_transport
