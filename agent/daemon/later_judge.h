// Judges received bundles again when something becomes known that may end their signatures: a replica that
// catches up with a revocation, a federation document, a retirement, a conviction. What it finds is stored
// (doubt_store.h), logged and alerted; nobody has to open the bundle for that.
//
// A walk takes only the places that what is known can concern, a page a task. Facts outlive a crash by
// themselves and a walk can be made again at any time, so each start makes one: nothing is noted of how far
// one came. Thread-safe.
#pragma once

#include <atomic>
#include <deque>

#include "agent/daemon/bundle_judgement.h"
#include "agent/daemon/ledger_network.h"

namespace edge {

class LaterJudge {
 public:
  // `ended` are the places in logs that what is known there concerns, beside the federation's cutoffs;
  // `alert` tells the federation that bundles of a log are in doubt.
  LaterJudge(const Context& context, DoubtStore& store, std::function<std::vector<EndedPlaces>()> ended,
             std::function<void(const std::string& origin)> alert)
      : context_(context), store_(store), ended_(std::move(ended)), alert_(std::move(alert)) {}

  // Something became known: a walk begins with the next tick. Never waits.
  void facts_changed() { ++facts_; }
  // Counts the changes: who judged before one and stored after it asks for another walk.
  std::uint64_t facts() const { return facts_; }

  // From the timer: hands the next walk to the workers, if one is due.
  void tick();
  // Judges what is in doubt again, now: a cutoff may have waited for a replica that reaches it.
  void recheck();
  // Tells of what nobody has looked at yet: at the start, and to whoever was not listening.
  void remind();

 private:
  struct Walk {
    std::uint64_t facts = 0;
    std::deque<EndedPlaces> ends;  // still to be walked through; the first from `cursor` on
    DoubtStore::Cursor cursor;
    bool in_doubt_done = false;  // those in doubt before were judged again
    std::int64_t in_doubt = 0;
  };
  void begin(Walk& walk) const;
  bool step(Walk& walk);                  // true: more remains
  void push(std::shared_ptr<Walk> walk);  // null: one that is still to be begun
  void judge(const std::vector<KeptPlace>& page);

  const Context& context_;
  DoubtStore& store_;
  const std::function<std::vector<EndedPlaces>()> ended_;
  const std::function<void(const std::string& origin)> alert_;
  std::atomic<std::uint64_t> facts_{1};  // above judged_: the start's walk
  std::atomic<std::uint64_t> judged_{0};
  std::atomic<bool> walking_{false};
  std::atomic<Timer::Clock::rep> not_before_{0};
};

}  // namespace edge
