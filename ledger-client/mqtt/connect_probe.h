// Why a broker can't be reached: Paho says "TCP/TLS connect failure" of whatever it is. Goes the same way as
// far as TLS, with the same files, and says nothing of MQTT, so that no session of that name is disturbed.
#pragma once

#include <stop_token>

#include "ledger-client/mqtt/broker_url.h"
#include "ledger-client/mqtt/connection.h"

namespace mqtt_transport {

// With `words` where the broker can be reached by now, or the cause lies beyond TLS. Takes a few seconds at
// most (and as long as the resolver takes), less once `stop` is requested. Thread-safe; not for Paho's
// threads.
Loss why_unreachable(const ConnectionOptions& options, const BrokerUrl& url, const std::string& words,
                     const std::stop_token& stop);

}  // namespace mqtt_transport
