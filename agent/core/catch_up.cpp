#include "agent/core/catch_up.h"

#include <algorithm>

namespace edge {

namespace {

constexpr std::chrono::seconds kFirstRest{2};
constexpr unsigned kMostDoublings = 5;

}  // namespace

CatchUp::CatchUp(std::vector<ledger::Address> peers) {
  set_peers(std::move(peers));
}

void CatchUp::set_peers(std::vector<ledger::Address> peers) {
  std::vector<Peer> updated;
  for (auto& address : peers) {
    const Peer* known = find(address);
    updated.push_back(known != nullptr ? *known : Peer{std::move(address), 0, {}});
  }
  peers_ = std::move(updated);
}

CatchUp::Peer* CatchUp::find(const ledger::Address& address) {
  const auto found =
      std::find_if(peers_.begin(), peers_.end(), [&](const Peer& peer) { return peer.address == address; });
  return found == peers_.end() ? nullptr : &*found;
}

CatchUp::Peer* CatchUp::best_peer(Time now) {
  const auto found =
      std::find_if(peers_.begin(), peers_.end(), [&](const Peer& peer) { return peer.rests_until <= now; });
  return found == peers_.end() ? nullptr : &*found;
}

void CatchUp::want(std::uint64_t held, std::uint64_t target) {
  if (idle() && held < target) {
    wanted_.push_back({held, target});
    target_ = target;
    return;
  }
  if (target <= target_) return;
  // What lies beyond the old target; the rest is on its way or waiting already.
  const std::uint64_t from = std::max(held, target_);
  target_ = target;
  if (from < target) wanted_.push_back({from, target});
}

void CatchUp::restart(std::uint64_t held) {
  wanted_.clear();
  if (held < target_) wanted_.push_back({held, target_});
}

std::vector<RangeAsk> CatchUp::next(std::uint64_t held, Time now) {
  std::vector<RangeAsk> asks;
  while (open_ < kParallel && !wanted_.empty()) {
    Peer* peer = best_peer(now);
    if (peer == nullptr) break;
    Range& range = wanted_.front();
    if (range.from >= held + kAheadEntries) break;
    const std::uint64_t count = std::min(kRangeEntries, range.to - range.from);
    asks.push_back({peer->address, range.from, count});
    range.from += count;
    if (range.from == range.to) wanted_.pop_front();
    ++open_;
  }
  return asks;
}

void CatchUp::answered(const RangeAsk& ask, std::uint64_t got) {
  if (open_ > 0) --open_;
  if (Peer* peer = find(ask.peer)) *peer = Peer{peer->address, 0, {}};
  if (got < ask.count) wanted_.push_front({ask.from + got, ask.from + ask.count});
}

void CatchUp::failed(const RangeAsk& ask, Time now) {
  if (open_ > 0) --open_;
  distrust(ask.peer, now);
  wanted_.push_front({ask.from, ask.from + ask.count});
}

void CatchUp::distrust(const ledger::Address& address, Time now) {
  Peer* peer = find(address);
  if (peer == nullptr) return;
  peer->rests_until = now + kFirstRest * (1U << std::min(peer->failures, kMostDoublings));
  ++peer->failures;
}

}  // namespace edge
