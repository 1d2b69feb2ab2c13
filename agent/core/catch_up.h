// What to ask next to bring a replica up to date (ledger.md, Replication): ranges of entries, from the owner
// or, when the owner is away, from any other member; several at once, because one round trip at a time would
// leave the line idle. It makes no difference who answers: everything is checked against the owner's
// signature. Pure; one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "ledger-client/core/address.h"

namespace edge {

struct RangeAsk {
  ledger::Address peer;
  std::uint64_t from = 0;
  std::uint64_t count = 0;
};

class CatchUp {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr std::uint64_t kRangeEntries = 1'000;
  static constexpr std::size_t kParallel = 4;
  // How far ahead of what is held is asked: answers that overtake wait in memory until the gap before them is
  // filled.
  static constexpr std::uint64_t kAheadEntries = 8 * kRangeEntries;

  // `peers`: whom to ask, the owner first.
  explicit CatchUp(std::vector<ledger::Address> peers);
  void set_peers(std::vector<ledger::Address> peers);

  // The log has `target` entries, of which `held` are here: what is between is wanted. Never moves back.
  void want(std::uint64_t held, std::uint64_t target);
  // Everything between `held` and the target is asked for anew: after a cut, or an answer that did not fit.
  void restart(std::uint64_t held);

  // What to ask now, with `held` entries here.
  std::vector<RangeAsk> next(std::uint64_t held, Time now);
  // An answer came with `got` entries from ask.from on. Short answers are asked on.
  void answered(const RangeAsk& ask, std::uint64_t got);
  // No answer, or one that was worth nothing: the peer rests for a while, others are asked.
  void failed(const RangeAsk& ask, Time now);
  // What the peer answered did not fit: it rests like one that did not answer.
  void distrust(const ledger::Address& peer, Time now);

  bool idle() const { return open_ == 0 && wanted_.empty(); }
  std::uint64_t target() const { return target_; }

 private:
  struct Range {
    std::uint64_t from, to;
  };
  struct Peer {
    ledger::Address address;
    unsigned failures = 0;
    Time rests_until{};
  };
  Peer* best_peer(Time now);
  Peer* find(const ledger::Address& address);

  std::vector<Peer> peers_;
  std::deque<Range> wanted_;  // ascending, not asked for yet
  std::uint64_t target_ = 0;
  std::size_t open_ = 0;
};

}  // namespace edge
