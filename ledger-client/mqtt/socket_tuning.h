// Options that Paho doesn't set on its sockets and offers no way to set.
#pragma once

#include <cstdint>

namespace mqtt_transport {

// Sets TCP_NODELAY and a send buffer of `send_buffer_bytes` (the kernel caps it at net.core.wmem_max) on
// every TCP socket of this process that is connected to `port`. Returns how many there were. Call it after
// each connect.
//
// Why this way: without TCP_NODELAY a QoS 1 round trip waits for the peer's delayed acknowledgement (88 ms
// instead of 0.3), and a message that doesn't fit the send buffer makes Paho sleep for a second. Paho 1.3.12
// keeps the descriptor to itself: no option, no callback with it, and its structures are not public. The
// kernel knows it: /proc/self/fd lists our descriptors, getpeername tells which of them leads to the broker.
// Only the port is compared, because a name may stand for many hosts; a stranger with the same port merely
// gets sent to without delay.
int tune_sockets_to(std::uint16_t port, std::uint32_t send_buffer_bytes);

}  // namespace mqtt_transport
