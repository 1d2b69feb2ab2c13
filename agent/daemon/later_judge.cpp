#include "agent/daemon/later_judge.h"

#include <set>

#include "agent/daemon/log.h"

namespace edge {

using ledger::Validity;

namespace {

constexpr std::size_t kPage = 500;  // places judged in one task and stored in one transaction
constexpr std::size_t kReminders = 1000;
constexpr std::chrono::seconds kPauseAfterFault{60};

}  // namespace

void LaterJudge::tick() {
  if (facts_ == judged_ || Timer::Clock::now().time_since_epoch().count() < not_before_) return;
  if (walking_.exchange(true)) return;
  push(nullptr);
}

void LaterJudge::recheck() {
  if (walking_.exchange(true)) return;
  auto walk = std::make_shared<Walk>();
  walk->facts = judged_;
  push(std::move(walk));
}

void LaterJudge::push(std::shared_ptr<Walk> walk) {
  const bool queued = context_.queue->push(Stage::kInbound, "", "judgement", 0, [this, walk]() mutable {
    try {
      if (walk == nullptr) begin(*(walk = std::make_shared<Walk>()));
      if (step(*walk)) return push(std::move(walk));
      judged_ = walk->facts;
    } catch (const std::exception& fault) {
      log::error("received bundles can't be judged again", {{"cause", fault.what()}});
      not_before_ = (Timer::Clock::now() + kPauseAfterFault).time_since_epoch().count();
    }
    walking_ = false;
  });
  if (!queued) walking_ = false;  // the next tick begins anew
}

void LaterJudge::begin(Walk& walk) const {
  walk.facts = facts_;  // before they are read
  for (EndedPlaces& ended : ended_()) walk.ends.push_back(std::move(ended));
  const auto federation = context_.federation();
  for (const ledger::Member& member : federation->members) {
    std::set<std::string> keys;
    for (const ledger::MemberKey& key : member.keys)
      if (key.use == ledger::KeyUse::kSign && member.cutoff_of(key.id)) keys.insert(key.id);
    std::set<std::string> origins;
    for (const auto& dated : member.log_keys()) origins.insert(dated.key.name);
    // Of any place: also below a cutoff a tree that does not fit it is refused.
    for (const std::string& origin : origins)
      for (const std::string& key : keys) walk.ends.push_back({origin, key, 0});
  }
  if (!walk.ends.empty()) walk.cursor = {walk.ends.front().from, 0};
}

// First what is in doubt, which may have been lifted, then what may be ended.
bool LaterJudge::step(Walk& walk) {
  if (!walk.in_doubt_done) {
    const auto page = store_.doubted(walk.in_doubt, kPage);
    walk.in_doubt_done = page.size() < kPage;
    if (!page.empty()) walk.in_doubt = page.back().number;
    judge(page);
    return !walk.in_doubt_done || !walk.ends.empty();
  }
  if (walk.ends.empty()) return false;
  const EndedPlaces& ended = walk.ends.front();
  const auto page = store_.places(ended.origin, ended.key_id, walk.cursor, kPage);
  judge(page);
  if (page.size() < kPage) {
    walk.ends.pop_front();
    if (!walk.ends.empty()) walk.cursor = {walk.ends.front().from, 0};
  }
  return !walk.ends.empty();
}

void LaterJudge::judge(const std::vector<KeptPlace>& page) {
  if (page.empty()) return;
  std::vector<DoubtStore::Judged> judged;
  judged.reserve(page.size());
  for (const KeptPlace& kept : page) judged.push_back({kept, judge_bundle(context_, kept.place)});
  std::set<std::string> origins;
  for (const auto& [kept, judgement] : store_.record(judged)) {
    const bool lifted = judgement.validity == Validity::kValid;
    if (!lifted) origins.insert(kept.place.tree.origin);
    log::warning(lifted ? "a received bundle counts again"
                        : "a received bundle is " + std::string(doubt_text(judgement.validity)) +
                              " by what became known since",
                 {{"request", kept.request}, {"peer", kept.place.peer.text()}, {"reason", judgement.reason}});
  }
  for (const std::string& origin : origins) alert_(origin);
}

void LaterJudge::remind() {
  const auto counts = store_.unseen();
  if (counts.refused + counts.suspect == 0) return;
  log::warning("received bundles are in doubt: `ehr-agent queue list` shows them",
               {{"refused", std::to_string(counts.refused)}, {"suspect", std::to_string(counts.suspect)}});
  std::set<std::string> origins;
  for (const Doubt& doubt : store_.list(false, kReminders)) origins.insert(doubt.origin);
  for (const std::string& origin : origins) alert_(origin);
}

}  // namespace edge
