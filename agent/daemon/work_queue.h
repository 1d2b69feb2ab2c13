// The queues between Paho's callbacks and the workers (wire.md, Busy): bounded, per peer, served in turn, so
// that one peer can't starve another. Two stages: what just came in (cheap checks, acknowledgements, chunks)
// goes before the work of verified requests. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>

namespace edge {

enum class Stage { kInbound, kWork };

class WorkQueue {
 public:
  struct Limits {
    std::size_t items_per_peer = 256;
    std::size_t bytes_per_peer = 64u << 20;
    std::size_t concurrent = 1000;  // tasks of this stage running at once
  };
  WorkQueue(Limits inbound, Limits work);

  // False, at once, if the peer's share is full. Tasks of one non-empty `lane` never run at the same time and
  // keep their order.
  bool push(Stage stage, const std::string& peer, const std::string& lane, std::size_t bytes,
            std::function<void()> task);

  // Runs tasks until a stop is requested; called by each worker thread. A task must not throw.
  void run(const std::stop_token& stop);
  // Tasks waiting or running.
  std::size_t depth(Stage stage) const;

 private:
  struct Item {
    std::string lane;
    std::size_t bytes = 0;
    std::function<void()> task;
  };
  struct Peer {
    std::deque<Item> items;
    std::size_t bytes = 0;
  };
  struct Line {
    Limits limits;
    std::map<std::string, Peer> peers;
    std::string last_served;  // round robin
    std::size_t waiting = 0, running = 0;
    std::set<std::string> busy_lanes;
  };
  struct Picked {
    Line* line = nullptr;
    Item item;
  };

  bool pick(Line& line, Picked& picked);
  static bool take_from(Line& line, std::map<std::string, Peer>::iterator peer, Picked& picked);

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  Line inbound_, work_;
};

}  // namespace edge
