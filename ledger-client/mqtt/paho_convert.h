// Between our types and Paho's. Paho's are only named here; what is behind them stays in .cpp files.
#pragma once

#include <memory>
#include <string>

#include "ledger-client/mqtt/broker_url.h"
#include "ledger-client/mqtt/connection.h"

namespace mqtt {
class message;
class connect_options;
}  // namespace mqtt

namespace mqtt_transport {

int protocol_number(ProtocolVersion version);
std::shared_ptr<mqtt::message> to_paho(const Message& message, ProtocolVersion version);
Message from_paho(const mqtt::message& message);

// Everything of a CONNECT: clean start, Will, user and password (the file is read here), TLS with
// verification of the broker's name. `on_tls_error` gets OpenSSL's lines on a Paho thread. Throws
// std::runtime_error when the password file can't be read.
mqtt::connect_options connect_options_of(const ConnectionOptions& options, const BrokerUrl& url);

}  // namespace mqtt_transport
