#include "ledger-client/mqtt/paho_convert.h"

#include <mqtt/connect_options.h>
#include <mqtt/message.h>
#include <mqtt/ssl_options.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace mqtt_transport {
namespace {

using mqtt::property;

// Far above our own window, which is the one that counts.
constexpr int kPahoInflight = 1'000;
constexpr std::chrono::seconds kKeepAlive{20};
constexpr std::chrono::seconds kConnectTimeout{10};

// Paho can't ask for TLS 1.3 as the lowest version; its newest constant would even exclude it. A list of
// cipher suites for the older versions that no one here can use (no pre-shared key is ever set) leaves
// nothing but the suites of TLS 1.3, which the list doesn't touch.
constexpr const char* kNothingBelowTls13 = "PSK-AES256-GCM-SHA384";

std::string text_of(ledger::ByteView bytes) {
  return std::string(ledger::as_text(bytes));
}

mqtt::properties to_paho(const Properties& from) {
  mqtt::properties to;
  if (from.payload_is_text) to.add(property(property::PAYLOAD_FORMAT_INDICATOR, 1));
  if (from.message_expiry_seconds) {
    to.add(
        property(property::MESSAGE_EXPIRY_INTERVAL, static_cast<std::int32_t>(*from.message_expiry_seconds)));
  }
  if (!from.content_type.empty()) to.add(property(property::CONTENT_TYPE, from.content_type));
  if (!from.response_topic.empty()) to.add(property(property::RESPONSE_TOPIC, from.response_topic));
  if (!from.correlation_data.empty()) {
    to.add(property(property::CORRELATION_DATA, text_of(from.correlation_data)));
  }
  return to;
}

Properties from_paho(const mqtt::properties& from) {
  Properties to;
  if (from.contains(property::PAYLOAD_FORMAT_INDICATOR)) {
    to.payload_is_text = mqtt::get<std::uint8_t>(from, property::PAYLOAD_FORMAT_INDICATOR) == 1;
  }
  if (from.contains(property::MESSAGE_EXPIRY_INTERVAL)) {
    to.message_expiry_seconds = mqtt::get<std::uint32_t>(from, property::MESSAGE_EXPIRY_INTERVAL);
  }
  if (from.contains(property::CONTENT_TYPE)) {
    to.content_type = mqtt::get<std::string>(from, property::CONTENT_TYPE);
  }
  if (from.contains(property::RESPONSE_TOPIC)) {
    to.response_topic = mqtt::get<std::string>(from, property::RESPONSE_TOPIC);
  }
  if (from.contains(property::CORRELATION_DATA)) {
    to.correlation_data =
        ledger::to_bytes(ledger::as_bytes(mqtt::get<std::string>(from, property::CORRELATION_DATA)));
  }
  return to;
}

std::string read_password(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::string password{std::istreambuf_iterator<char>(in), {}};
  if (!in) throw std::runtime_error("can't read the password file " + file);
  while (!password.empty() && (password.back() == '\n' || password.back() == '\r')) password.pop_back();
  return password;
}

mqtt::ssl_options tls_options_of(const ConnectionOptions& options) {
  mqtt::ssl_options tls;
  tls.set_trust_store(options.ca_file);
  if (!options.certificate_file.empty()) tls.set_key_store(options.certificate_file);
  if (!options.key_file.empty()) tls.set_private_key(options.key_file);
  tls.set_enable_server_cert_auth(true);
  tls.set_verify(true);
  tls.set_enabled_cipher_suites(kNothingBelowTls13);
  // No error handler: Paho C++ 1.2.0 hands its address on and then destroys these options, so the next error
  // would call into nothing.
  return tls;
}

}  // namespace

int protocol_number(ProtocolVersion version) {
  return version == ProtocolVersion::kMqtt5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
}

std::shared_ptr<mqtt::message> to_paho(const Message& message, ProtocolVersion version) {
  auto converted = mqtt::message::create(message.topic, message.payload.data(), message.payload.size(),
                                         message.qos, message.retained);
  if (version == ProtocolVersion::kMqtt5) converted->set_properties(to_paho(message.properties));
  return converted;
}

Message from_paho(const mqtt::message& message) {
  Message converted;
  converted.topic = message.get_topic();
  const std::string& payload = message.get_payload();
  converted.payload.assign(payload.begin(), payload.end());
  converted.retained = message.is_retained();
  converted.qos = message.get_qos();
  converted.properties = from_paho(message.get_properties());
  return converted;
}

mqtt::connect_options connect_options_of(const ConnectionOptions& options, const BrokerUrl& url) {
  mqtt::connect_options connect;
  connect.set_mqtt_version(protocol_number(options.version));
  if (options.version == ProtocolVersion::kMqtt5) {
    connect.set_clean_session(false);  // the word of 3.1.1; Paho refuses both together
    connect.set_clean_start(true);
  } else {
    connect.set_clean_session(true);
  }
  connect.set_keep_alive_interval(kKeepAlive);
  connect.set_connect_timeout(kConnectTimeout);
  connect.set_max_inflight(kPahoInflight);
  if (!options.user.empty()) connect.set_user_name(options.user);
  if (!options.password_file.empty()) connect.set_password(read_password(options.password_file));
  if (options.will) connect.set_will_message(*to_paho(*options.will, ProtocolVersion::kMqtt311));
  if (url.tls) connect.set_ssl(tls_options_of(options));
  return connect;
}

}  // namespace mqtt_transport
