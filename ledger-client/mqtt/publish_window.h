// The window of one connection: publishes wait here in order, at most `max_unacknowledged` are with the
// broker, one thread at a time hands them over. Knows nothing of Paho and calls nobody while it holds its
// lock. Thread-safe.
//
// Why an own window: an MQTT 5 broker that says Receive Maximum 20 slows to a crawl when more are
// outstanding, and nothing in Paho keeps a publisher from running ahead of it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "ledger-client/mqtt/connection.h"

namespace mqtt_transport {

class PublishWindow {
 public:
  using Id = std::uint64_t;
  struct Outgoing {
    Id id;
    Message message;
  };

  PublishWindow(std::size_t max_unacknowledged, std::size_t max_waiting_bytes);

  // A connection begins; until then, and after close(), everything is refused as disconnected.
  void open();
  // The connection is gone. Gives back the outcomes owed for all that was waiting or unacknowledged; the
  // caller reports them.
  std::vector<PublishDone> close();

  // Puts a message at the end of the queue. kAccepted comes with its id.
  PublishResult admit(Message message, PublishDone done, Id& id);
  // Waits until the message was handed over (true) or the window was closed before (false).
  bool wait_until_taken(Id id);
  // Waits until nothing is waiting and nothing is unacknowledged; false after the timeout.
  bool wait_until_empty(int timeout_ms);

  // Handing over happens in turns, so that order holds while no lock is held across Paho. begin_turn() is
  // false if somebody else has the turn (who will see what was admitted by then). next() gives what to send,
  // or ends the turn.
  bool begin_turn();
  std::optional<Outgoing> next();
  // The message's outcome is known. Gives back its `done` the first time, nothing for an id that is not (or
  // no more) known.
  std::optional<PublishDone> finish(Id id);

  std::size_t unacknowledged() const;

 private:
  struct Waiting {
    Id id;
    Message message;
    PublishDone done;
  };

  const std::size_t max_unacknowledged_, max_waiting_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false, turn_taken_ = false;
  Id last_admitted_ = 0, last_taken_ = 0, closed_up_to_ = 0;
  std::size_t waiting_bytes_ = 0;
  std::deque<Waiting> waiting_;
  std::unordered_map<Id, PublishDone> unacknowledged_;
};

}  // namespace mqtt_transport
