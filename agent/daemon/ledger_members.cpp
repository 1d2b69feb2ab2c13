// The other members' logs: which are followed, what arrives of them, and what is noted of them here.
#include <set>

#include "agent/daemon/ledger_network.h"
#include "agent/daemon/log.h"
#include "ledger-client/core/entry_rules.h"

namespace edge {

using ledger::topics::Kind;
using ledger::topics::Parsed;
using mqtt_transport::Message;

namespace {

constexpr std::chrono::seconds kRangePatience{10};

}  // namespace

void LedgerNetwork::follow_members() {
  const auto snapshot = context_.federation();
  const auto& federation = *snapshot;
  for (const ledger::Member& member : federation.members) {
    if (member.address == context_.self.address) continue;
    std::vector<ledger::Address> peers{member.address};
    std::vector<ledger::NoteKey> witnesses;
    for (const ledger::Member& other : federation.members) {
      if (other.address == member.address) continue;
      if (const auto key = other.witness_key(); key && other.has_role("witness")) witnesses.push_back(*key);
      if (other.address != context_.self.address && other.status == ledger::MemberStatus::kActive)
        peers.push_back(other.address);
    }
    std::set<std::string> origins;
    for (const auto& dated : member.log_keys()) origins.insert(dated.key.name);
    for (const std::string& origin : origins) {
      FollowedLog::Identity identity{member.address, origin, member.log_keys_of(origin), witnesses,
                                     federation.witness_quorum};
      // A log whose keys or witnesses have changed is opened anew; what is held of it stays on disk.
      if (Log* known = find(origin)) {
        if (known->followed->identity() == identity) continue;
        logs_.erase(origin);
      }
      Log log;
      log.followed = std::make_unique<FollowedLog>(
          std::move(identity), replica_file(options_.state_dir, origin), peers,
          FollowedLog::Outside{[this, origin](const RangeAsk& ask) { ask_range(origin, ask); },
                               [this, origin](const std::string& note) { on_contradiction(origin, note); },
                               [](const std::string& what) {
                                 log::warning("replica", {{"cause", what}});
                               }});
      log.heard = Timer::Clock::now();
      logs_.emplace(origin, std::move(log));
    }
  }
}

void LedgerNetwork::on_federation() {
  (void)post(1, [this] { follow_members(); });
}

LedgerNetwork::Log* LedgerNetwork::find(const std::string& origin) {
  const auto found = logs_.find(origin);
  return found == logs_.end() ? nullptr : &found->second;
}

void LedgerNetwork::on_message(Message&& message, const Parsed& topic) {
  const std::size_t bytes = message.payload.size();
  auto shared = std::make_shared<Message>(std::move(message));
  // What is dropped here is fetched as a gap.
  (void)post(std::max<std::size_t>(bytes, 1), [this, shared, topic] { take(*shared, topic); });
}

void LedgerNetwork::take(const Message& message, const Parsed& topic) {
  const auto now = Timer::Clock::now();
  const std::string_view payload = ledger::as_text(message.payload);
  if (topic.kind == Kind::kAlerts) return take_alert(topic.agent, payload);
  if (topic.kind == Kind::kCosignature) return take_cosignature(topic, payload);
  if (topic.agent == context_.self.address) {
    if (topic.kind == Kind::kCheckpoint) compare("a checkpoint on this agent's own topic", payload);
    return;
  }
  for (auto& [origin, log] : logs_) {
    if (log.followed->identity().owner != topic.agent || log.convicted) continue;
    if (!message.retained) log.heard = now;
    if (topic.kind == Kind::kEntries) log.followed->take_entries(payload);
    if (topic.kind == Kind::kCheckpoint) log.followed->take_checkpoint(payload, now);
    read_key_ends(origin, log);
  }
}

void LedgerNetwork::take_cosignature(const Parsed& topic, std::string_view line) {
  const auto federation = context_.federation();
  const ledger::Member* witness = federation->find(*topic.peer);
  if (witness == nullptr || !witness->has_role("witness") || *topic.peer == topic.agent) return;
  const auto key = witness->witness_key();
  if (!key) return;
  if (topic.agent == context_.self.address) return take_own_cosignature(line, *key);
  for (auto& [origin, log] : logs_) {
    if (log.followed->identity().owner == topic.agent) (void)log.followed->take_cosignature(line, *key);
  }
}

void LedgerNetwork::ask_range(const std::string& origin, const RangeAsk& ask) {
  calls_.call(ask.peer, Operation::kLedgerRange, encode_params(LedgerRangeQuery{origin, ask.from, ask.count}),
              kRangePatience, [this, origin, ask](const Outcome<std::string>& answer) {
                // At most CatchUp::kParallel of them for each log: they are never dropped.
                (void)post(0, [this, origin, ask, answer] {
                  if (Log* log = find(origin)) log->followed->answered(ask, answer, Timer::Clock::now());
                });
              });
}

void LedgerNetwork::watch_freshness() {
  const auto now = Timer::Clock::now();
  for (auto& [origin, log] : logs_) {
    const bool stale = now - log.heard > 3 * options_.interval;
    if (stale == log.stale || log.convicted) continue;
    log.stale = stale;
    log::warning(stale ? "a log is stale" : "a log is fresh again", {{"origin", origin}});
    alert(stale ? ledger::AlertCode::kStale : ledger::AlertCode::kFresh, origin);
  }
}

// Each replica is read whole once an interval, one at a time: a long one takes seconds.
void LedgerNetwork::heal_next() {
  auto next = logs_.upper_bound(last_healed_);
  if (next == logs_.end()) next = logs_.begin();
  last_healed_ = next->first;
  if (!next->second.convicted) (void)next->second.followed->heal(Timer::Clock::now());
}

void LedgerNetwork::record_peer_checkpoints() {
  const auto slot = std::to_string(context_.now().time_since_epoch() / options_.interval);
  if (store_.recorded_hour(own_origin_) == slot) return;
  std::vector<ledger::NewEntry> entries;
  for (const auto& [origin, log] : logs_) {
    if (log.convicted || log.followed->replica().size() == 0) continue;
    const ledger::PeerCheckpoint body{origin, log.followed->replica().size(), log.followed->replica().root()};
    entries.push_back(
        {std::string(ledger::entry_type::kPeerCheckpoint), ledger::encode_body(body), origin + " " + slot});
  }
  if (!entries.empty()) {
    const auto appended = journal_.append(std::move(entries));
    if (!appended && appended.error() != ledger::AppendError::kDuplicate) return;  // next time
  }
  store_.set_recorded_hour(own_origin_, slot);
}

}  // namespace edge
