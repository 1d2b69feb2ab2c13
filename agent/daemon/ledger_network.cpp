#include "agent/daemon/ledger_network.h"

#include <set>

#include "agent/daemon/log.h"
#include "ledger-client/core/entry_rules.h"
#include "ledger-client/store/kept_note.h"
#include "ledger-client/store/witnessed_beside.h"

namespace edge {

using ledger::topics::Kind;
using ledger::topics::Parsed;
using mqtt_transport::Message;

namespace {

// Every witness cosigns all logs' newest checkpoints once a tick (ledger.md: at most 200 ms).
constexpr std::chrono::milliseconds kTick{150};
constexpr std::chrono::seconds kMinute{60};
constexpr std::size_t kMaxQueuedBytes = 16U << 20U;
constexpr std::chrono::seconds kRangePatience{10};
constexpr std::uint64_t kKeepKeyEnds = 10'000;  // entries that may be read again after a crash

}  // namespace

LedgerNetwork::LedgerNetwork(const Context& context, ledger::Journal& journal, PeerCalls& calls,
                             Options options)
    : context_(context),
      journal_(journal),
      calls_(calls),
      options_(std::move(options)),
      own_origin_(options_.log_key.name),
      open_(logs_in(options_.state_dir, own_origin_)),
      store_(options_.state_dir / ledger::kNetworkDatabase),
      own_witnessed_(store_.own_witnessed(own_origin_)) {
  const auto replicas = options_.state_dir / "replicas";
  std::filesystem::create_directories(replicas);
  std::filesystem::permissions(replicas, std::filesystem::perms::owner_all);
  follow_members();
  for (auto& [origin, log] : logs_) read_key_ends(origin, log);
  for (const ConvictedLog& convicted : store_.convicted()) {
    convicted_[convicted.origin] = convicted.witnessed_size;
    if (Log* log = find(convicted.origin)) log->convicted = true;
  }
  const auto witnessed = ledger::open_checkpoint_of(own_witnessed_, own_origin_, own_keys());
  if (witnessed) view_.witnessed = witnessed->checkpoint.size;
  publish_view();
  thread_ = std::jthread([this](const std::stop_token& stop) { loop(stop); });
}

void LedgerNetwork::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  tasks_.clear();  // promises in them break: whoever waits is told
}

// --- the thread

bool LedgerNetwork::post(std::size_t bytes, std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_ || (bytes > 0 && queued_bytes_ + bytes > kMaxQueuedBytes)) return false;
    queued_bytes_ += bytes;
    tasks_.emplace_back(bytes, std::move(task));
  }
  changed_.notify_one();
  return true;
}

void LedgerNetwork::loop(const std::stop_token& stop) {
  next_tick_ = Timer::Clock::now() + kTick;
  while (!stop.stop_requested()) {
    std::pair<std::size_t, std::function<void()>> task;
    {
      std::unique_lock lock(mutex_);
      changed_.wait_until(lock, stop, next_tick_, [this] { return !tasks_.empty(); });
      if (!tasks_.empty()) {
        task = std::move(tasks_.front());
        tasks_.pop_front();
        queued_bytes_ -= task.first;
      }
    }
    try {
      if (task.second) task.second();
      if (Timer::Clock::now() >= next_tick_) {
        next_tick_ = Timer::Clock::now() + kTick;
        tick();
      }
    } catch (const std::exception& fault) {
      log::error("ledger network", {{"cause", fault.what()}});
    }
  }
}

void LedgerNetwork::tick() {
  const auto now = Timer::Clock::now();
  comparison_step();
  recovery_step();
  for (auto& [origin, log] : logs_) {
    if (!log.convicted) log.followed->ask_on(now);
    read_key_ends(origin, log);
  }
  if (comparison_ == Comparison::kDone) cosign_newest();
  if (now >= next_heal_ && !logs_.empty()) {
    next_heal_ = now + options_.interval / logs_.size();
    heal_next();
  }
  if (now >= next_minute_) {
    next_minute_ = now + std::min<std::chrono::milliseconds>(kMinute, options_.interval / 4);
    watch_freshness();
    if (comparison_ == Comparison::kDone) {
      (void)anchor_convictions();
      record_peer_checkpoints();
    }
  }
  publish_view();
}

void LedgerNetwork::publish_view() {
  static constexpr std::array kNames{"waiting for the broker", "comparing", "done", "frozen"};
  NetworkView view;
  view.comparison = kNames.at(static_cast<std::size_t>(comparison_));
  for (const auto& [origin, log] : logs_) {
    view.logs.push_back({origin, log.followed->replica().size(), log.followed->known_size(),
                         log.followed->witnessed_size(), log.stale, log.convicted});
  }
  const std::lock_guard lock(mutex_);
  view.witnessed = view_.witnessed;
  view_ = std::move(view);
}

NetworkView LedgerNetwork::view() const {
  const std::lock_guard lock(mutex_);
  return view_;
}

std::string LedgerNetwork::own_witnessed() const {
  const std::lock_guard lock(mutex_);
  return own_witnessed_;
}

// --- other logs

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

std::unique_ptr<ledger::LogReader> LedgerNetwork::open_log(const std::string& origin) const {
  try {
    return open_(origin);
  } catch (const ledger::UnreadableLog&) {
    return nullptr;  // nothing of it is here yet
  }
}

std::optional<ledger::ProofFile> LedgerNetwork::witnessed_proof(const std::string& origin,
                                                                std::uint64_t index) const {
  {
    // Opening a log costs as much as a few signatures; most of the time there is nothing new in it.
    const std::lock_guard lock(mutex_);
    for (const LogView& log : view_.logs)
      if (log.origin == origin && log.witnessed <= index) return std::nullopt;
  }
  const auto log = open_log(origin);
  const auto note = log ? log->witnessed_note() : std::nullopt;
  const auto tree = note ? ledger::checkpoint_of(*note) : std::nullopt;
  const auto line = tree && index < tree->size ? log->line(index) : std::nullopt;
  if (!line || tree->size > log->size()) return std::nullopt;
  const auto read = [&](unsigned level, std::uint64_t at) { return log->node(level, at); };
  try {
    return ledger::ProofFile{ledger::to_bytes(ledger::as_bytes(*line)), index,
                             ledger::make_inclusion(index, tree->size, read), *note};
  } catch (const std::out_of_range&) {
    return std::nullopt;  // damaged, until it is fetched again
  }
}

// What was not read yet of what is held. Each entry once, also over restarts.
void LedgerNetwork::read_key_ends(const std::string& origin, Log& log) {
  const std::uint64_t size = log.followed->replica().size();
  bool tell = false;
  if (!log.keys) {
    log.keys = store_.key_ends(origin);
    log.keys_kept = log.keys->size;
    tell = !log.keys->ends.all().empty();
  }
  if (log.keys->size < size) {
    bool found = false;
    log.followed->replica().reader().for_each(log.keys->size, size,
                                              [&](std::uint64_t, std::string_view line) {
                                                if (line.find(R"("type":"key.)") == line.npos) return true;
                                                if (const auto entry = ledger::parse_entry(line))
                                                  log.keys->ends.take(*entry);
                                                return found = true;
                                              });
    log.keys->size = size;
    if (found || size - log.keys_kept > kKeepKeyEnds) {
      store_.set_key_ends(*log.keys);
      log.keys_kept = size;
    }
    tell = tell || found;
  }
  if (!tell) return;
  const auto owner = log.followed->identity().owner;
  const std::lock_guard lock(mutex_);
  auto revoked = std::make_shared<std::set<std::string>>(revoked_ ? *revoked_ : std::set<std::string>());
  for (const auto& [key, end] : log.keys->ends.all()) {
    key_ends_[origin].insert_or_assign(key, end);
    if (end.revoked && revoked->insert(make_kid(owner, key)).second)
      log::warning("a member's log revokes a key", {{"peer", owner.text()}, {"key", key}});
  }
  revoked_ = std::move(revoked);
}

std::optional<ledger::KeyEnd> LedgerNetwork::key_end(const std::string& origin,
                                                     const std::string& key_id) const {
  const std::lock_guard lock(mutex_);
  const auto log = key_ends_.find(origin);
  if (log == key_ends_.end()) return std::nullopt;
  const auto end = log->second.find(key_id);
  return end == log->second.end() ? std::nullopt : std::optional(end->second);
}

RevokedKeys LedgerNetwork::revoked_keys() const {
  const std::lock_guard lock(mutex_);
  return revoked_;
}

ledger::Proof LedgerNetwork::consistency(const std::string& origin, std::uint64_t smaller,
                                         std::uint64_t larger) {
  return run_here([this, origin, smaller, larger]() -> ledger::Proof {
    Log* log = find(origin);
    if (log == nullptr || larger > log->followed->replica().size() || smaller == 0 || smaller >= larger)
      return {};
    auto& reader = log->followed->replica().reader();
    return ledger::make_consistency(
        smaller, larger, [&](unsigned level, std::uint64_t index) { return reader.node(level, index); });
  });
}

std::string LedgerNetwork::witnessed_note(const ledger::Address& member) {
  if (member == context_.self.address) return own_witnessed();
  return run_here([this, member]() -> std::string {
    const auto federation = context_.federation();
    const ledger::Member* listed = federation->find(member);
    const auto origin = listed == nullptr ? std::nullopt : listed->newest_origin();
    const Log* log = origin ? find(*origin) : nullptr;
    return log == nullptr ? std::string() : log->followed->replica().witnessed_note().value_or("");
  });
}

std::string LedgerNetwork::why_void(const std::string& origin, std::uint64_t index) const {
  const std::lock_guard lock(mutex_);
  const auto convicted = convicted_.find(origin);
  if (convicted == convicted_.end() || index < convicted->second) return {};
  return "the log " + origin + " has signed two histories; this entry was not witnessed before";
}

}  // namespace edge
