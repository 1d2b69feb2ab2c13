#include "agent/daemon/ledger_network.h"

#include "agent/daemon/log.h"
#include "ledger-client/store/witnessed_beside.h"

namespace edge {

namespace {

// Every witness cosigns all logs' newest checkpoints once a tick (ledger.md: at most 200 ms).
constexpr std::chrono::milliseconds kTick{150};
constexpr std::chrono::seconds kMinute{60};
constexpr std::size_t kMaxQueuedBytes = 16U << 20U;

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
}  // namespace edge
