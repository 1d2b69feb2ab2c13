#include "ledger-client/mqtt/session.h"

#include <random>
#include <utility>

#include "ledger-client/mqtt/backoff.h"
#include "ledger-client/mqtt/connect_probe.h"
#include "ledger-client/mqtt/paho_convert.h"
#include "ledger-client/mqtt/socket_tuning.h"
#include "ledger-client/mqtt/tls_files.h"

namespace mqtt_transport {
namespace {

using namespace std::chrono_literals;

constexpr auto kFirstRetry = 200ms, kLongestRetry = 30'000ms;
constexpr auto kNoOutcome =
    40s;  // Paho's own connect timeout is 10 s; this is for the case that it never answers
constexpr int kFirstRefusal = 128;  // MQTT 5 reason codes from here on are failures
constexpr int kConnectionLost = -1;

// Set while a handler of the user runs: a publish from there must not wait (Paho's mutex may be held, or the
// caller's own turn).
thread_local bool inside_handler = false;

class HandlerMark {
 public:
  HandlerMark() : before_(inside_handler) { inside_handler = true; }
  ~HandlerMark() { inside_handler = before_; }
  HandlerMark(const HandlerMark&) = delete;
  HandlerMark& operator=(const HandlerMark&) = delete;

 private:
  bool before_;
};

}  // namespace

// ---- The connection ----

Session::Session(ConnectionOptions options, ConnectionHandlers handlers)
    : options_(std::move(options)),
      handlers_(std::move(handlers)),
      url_(parse_broker_url(options_.url)),
      window_(options_.max_unacknowledged, options_.max_waiting_bytes),
      paho_(new PahoClient(options_, url_, *this)) {}  // make_unique could not see the private base

Session::~Session() {
  stop(0);
}

void Session::start() {
  const std::lock_guard lock(mutex_);
  if (stopping_ || thread_.joinable()) return;
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

bool Session::ready() const {
  const std::lock_guard lock(mutex_);
  return phase_ == Phase::kReady;
}

Connection::Counters Session::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

void Session::run(const std::stop_token& stop) {
  Backoff backoff(kFirstRetry, kLongestRetry);
  std::mt19937 random{std::random_device{}()};
  while (!stop.stop_requested()) {
    attempt();
    std::unique_lock lock(mutex_);
    const auto has_outcome = [this] { return phase_ != Phase::kConnecting; };
    if (!changed_.wait_for(lock, stop, kNoOutcome, has_outcome) && !stop.stop_requested()) {
      phase_ = Phase::kLost;
      loss_ = {"no answer from the broker", {}};
    }
    bool was_ready = false;
    changed_.wait(lock, stop, [&] {
      was_ready = was_ready || phase_ == Phase::kReady;
      return phase_ == Phase::kLost;
    });
    lock.unlock();
    if (stop.stop_requested()) return;
    if (was_ready) backoff.reset();
    after_loss(stop);
    lock.lock();
    const auto pause = backoff.next(std::uniform_real_distribution<double>(0, 1)(random));
    changed_.wait_for(lock, stop, pause, [] { return false; });
  }
}

void Session::attempt() {
  {
    const std::lock_guard lock(mutex_);
    phase_ = Phase::kConnecting;
  }
  // Whether a certificate is out of its time the broker shall say: the clock that is wrong may be ours.
  const auto fault = url_.tls ? check_tls_files(options_) : std::nullopt;
  if (fault && fault->kind != TlsFileFault::Kind::kOutOfTime) return lost(fault->loss);
  try {
    paho_->connect();
  } catch (const std::exception& failure) {
    lost({failure.what(), {}});
  }
}

void Session::after_loss(const std::stop_token& stop) {
  paho_->disconnect();  // where the broker is there but refused a subscription
  Loss loss;
  bool unexplained = false;
  {
    const std::lock_guard lock(mutex_);
    loss = loss_;
    unexplained = std::exchange(unexplained_, false);
  }
  if (unexplained) loss = why_unreachable(options_, url_, paho_->why_connect_failed(), stop);
  guarded([&] {
    if (handlers_.on_lost) handlers_.on_lost(loss);
  });
}

void Session::connected() noexcept {
  guarded([this] {
    {
      const std::lock_guard lock(mutex_);
      if (phase_ != Phase::kConnecting) return;
      phase_ = Phase::kConnected;
      if (connected_before_) ++counters_.reconnects;
      connected_before_ = true;
    }
    tune_sockets_to(url_.port, options_.send_buffer_bytes);
    window_.open();
    changed_.notify_all();
    paho_->subscribe();
  });
}

void Session::subscribed(bool granted) noexcept {
  if (!granted)
    return lost({"the broker refused a subscription",
                 "this account may read other topics; its access rules say which"});
  guarded([this] {
    {
      const std::lock_guard lock(mutex_);
      if (phase_ != Phase::kConnected) return;
      phase_ = Phase::kReady;
    }
    changed_.notify_all();
    if (handlers_.on_ready) handlers_.on_ready();
  });
}

void Session::unreachable() noexcept {
  {
    const std::lock_guard lock(mutex_);
    unexplained_ = phase_ == Phase::kConnecting;
  }
  lost({});
}

void Session::lost(const Loss& loss) noexcept {
  guarded([&] {
    {
      const std::lock_guard lock(mutex_);
      if (phase_ == Phase::kIdle || phase_ == Phase::kLost) return;
      phase_ = Phase::kLost;
      loss_ = loss;
    }
    for (const auto& done : window_.close()) report(done, kConnectionLost);
    changed_.notify_all();
  });
}

void Session::received(const mqtt::message& message) noexcept {
  guarded([&] {
    {
      const std::lock_guard lock(mutex_);
      ++counters_.received;
    }
    if (handlers_.on_message) handlers_.on_message(from_paho(message));
  });
}

void Session::acknowledged(std::uint64_t id, int reason_code) noexcept {
  guarded([&] {
    const auto done = window_.finish(id);
    if (!done) return;  // reported as lost already
    // Paho tells it while it walks the list of what it holds, and frees that as it goes: a publish from here
    // would look through that list. So nothing is published any more before anybody hears of it.
    if (reason_code == kConnectionLost) lost({"connection lost", {}});
    report(*done, reason_code);
    if (reason_code != kConnectionLost) hand_over();
  });
}

// ---- Publishing ----

PublishResult Session::publish(Message message, PublishDone done) {
  PublishWindow::Id id = 0;
  const auto result = window_.admit(std::move(message), std::move(done), id);
  if (result != PublishResult::kAccepted) return result;
  guarded([this] { hand_over(); });
  if (!inside_handler) window_.wait_until_taken(id);
  return result;
}

// Gives Paho what the window allows. Called wherever a message was added or a place became free.
void Session::hand_over() {
  if (!window_.begin_turn()) return;
  while (auto outgoing = window_.next()) {
    bool failed = false;
    try {
      paho_->publish(outgoing->message, outgoing->id);
    } catch (const std::exception&) {
      failed = true;
    }
    if (!failed && outgoing->message.qos > 0) continue;
    if (const auto done = window_.finish(outgoing->id)) report(*done, failed ? kConnectionLost : 0);
  }
}

void Session::report(const PublishDone& done, int reason_code) {
  {
    const std::lock_guard lock(mutex_);
    if (reason_code >= kFirstRefusal) ++counters_.refused;
    if (reason_code >= 0 && reason_code < kFirstRefusal) ++counters_.published;
  }
  if (!done) return;
  const HandlerMark mark;
  try {
    done(reason_code);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    ++counters_.handler_faults;
  }
}

// ---- The gate ----

bool Session::enter() {
  const std::lock_guard lock(mutex_);
  if (gate_closed_) return false;
  ++inside_;
  return true;
}

void Session::leave() {
  const std::lock_guard lock(mutex_);
  if (--inside_ == 0 && gate_closed_) changed_.notify_all();
}

template <class Call>
void Session::guarded(Call&& call) noexcept {
  if (!enter()) return;
  {
    const HandlerMark mark;
    try {
      call();
    } catch (...) {  // thrown through Paho's C code it would end the process
      const std::lock_guard lock(mutex_);
      ++counters_.handler_faults;
    }
  }
  leave();
}

void Session::reconnect(int grace_ms) {
  if (!ready()) return;
  if (grace_ms > 0) window_.wait_until_empty(grace_ms);
  lost({"asked to connect anew", {}});
}

void Session::stop(int grace_ms) {
  {
    std::unique_lock lock(mutex_);
    if (stopping_) {  // somebody else stops it, or did
      changed_.wait(lock, [this] { return stopped_; });
      return;
    }
    stopping_ = true;
  }
  if (grace_ms > 0) window_.wait_until_empty(grace_ms);
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  for (const auto& done : window_.close()) report(done, kConnectionLost);
  paho_->disconnect();
  {
    std::unique_lock lock(mutex_);
    gate_closed_ = true;
    phase_ = Phase::kIdle;
    changed_.wait(lock, [this] { return inside_ == 0; });
  }
  paho_.reset();
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
}

}  // namespace mqtt_transport
