#include "agent/daemon/work_queue.h"

#include <algorithm>

namespace edge {

WorkQueue::WorkQueue(Limits inbound, Limits work) {
  inbound_.limits = inbound;
  work_.limits = work;
}

bool WorkQueue::push(Stage stage, const std::string& peer, const std::string& lane, std::size_t bytes,
                     std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    Line& line = stage == Stage::kInbound ? inbound_ : work_;
    Peer& queue = line.peers[peer];
    if (queue.items.size() >= line.limits.items_per_peer ||
        queue.bytes + bytes > line.limits.bytes_per_peer) {
      if (queue.items.empty()) line.peers.erase(peer);
      return false;
    }
    queue.items.push_back({lane, bytes, std::move(task)});
    queue.bytes += bytes;
    ++line.waiting;
  }
  changed_.notify_one();
  return true;
}

bool WorkQueue::take_from(Line& line, std::map<std::string, Peer>::iterator peer, Picked& picked) {
  auto& items = peer->second.items;
  const auto item = std::find_if(items.begin(), items.end(), [&line](const Item& one) {
    return one.lane.empty() || !line.busy_lanes.contains(one.lane);
  });
  if (item == items.end()) return false;
  picked = {&line, std::move(*item)};
  peer->second.bytes -= picked.item.bytes;
  line.last_served = peer->first;
  items.erase(item);
  if (items.empty()) line.peers.erase(peer);
  --line.waiting;
  ++line.running;
  if (!picked.item.lane.empty()) line.busy_lanes.insert(picked.item.lane);
  return true;
}

bool WorkQueue::pick(Line& line, Picked& picked) {
  if (line.waiting == 0 || line.running >= line.limits.concurrent) return false;
  // Starts after the peer that was served last and goes round once.
  const auto start = line.peers.upper_bound(line.last_served);
  for (auto peer = start; peer != line.peers.end(); ++peer) {
    if (take_from(line, peer, picked)) return true;
  }
  for (auto peer = line.peers.begin(); peer != start; ++peer) {
    if (take_from(line, peer, picked)) return true;
  }
  return false;
}

void WorkQueue::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (true) {
    Picked picked;
    changed_.wait(lock, stop, [&] { return pick(inbound_, picked) || pick(work_, picked); });
    if (picked.line == nullptr) return;  // stopped; what waits is asked for again by its sender
    lock.unlock();
    picked.item.task();
    picked.item.task = nullptr;
    lock.lock();
    --picked.line->running;
    picked.line->busy_lanes.erase(picked.item.lane);
    // A freed lane or place may let a waiting worker go on.
    if (inbound_.waiting + work_.waiting > 0) changed_.notify_one();
  }
}

std::size_t WorkQueue::depth(Stage stage) const {
  const std::lock_guard lock(mutex_);
  const Line& line = stage == Stage::kInbound ? inbound_ : work_;
  return line.waiting + line.running;
}

}  // namespace edge
