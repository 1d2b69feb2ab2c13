// The baseline of everything that goes through the broker: the same bytes, asked for and returned in clear,
// with nothing of ours but the connection with its tuned sockets. The responder is a process of its own, as
// an agent is.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "tests/support/broker.h"

namespace bench {

// A requester in this process and a responder in another, both connected to `broker` as agents of their own.
class BareRoundTrip {
 public:
  explicit BareRoundTrip(test_support::Broker& broker);
  ~BareRoundTrip();

  // Publishes 512 bytes and waits for `bytes` bytes in messages of at most `message_bytes`. Seconds.
  double ask(std::size_t bytes, std::size_t message_bytes);
  // The median of `repetitions`, one right after the other.
  double p50(std::size_t bytes, std::size_t message_bytes, int repetitions);
  // Message sizes worth trying for an answer of `bytes`: one message, and messages of 256 KiB.
  static std::vector<std::size_t> message_sizes(std::size_t bytes);
  // Bytes a second that arrive when `count` messages of `message_bytes` are asked for at once.
  double throughput(std::size_t message_bytes, std::size_t count);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The responder's main: `respond` and the fields of its connection, as BareRoundTrip passes them. Ends with
// its parent.
int bare_responder(int argc, char** argv);

}  // namespace bench
