#include "agent/daemon/peer_calls.h"

#include <algorithm>
#include <stdexcept>

#include "agent/core/admission.h"
#include "agent/daemon/log.h"
#include "agent/daemon/peer_calls_open.h"
#include "ledger-client/core/sha256.h"

namespace edge {

using SteadyTime = Timer::Clock::time_point;

namespace {

// After so many acknowledgements without a new chunk the peer has forgotten its answer: ask anew.
constexpr unsigned kPatientAcks = 2;

// Runs what a caller gave us; what it throws must not reach the queue.
void run(const PeerCalls::Done& done, Outcome<std::string> outcome) {
  try {
    done(std::move(outcome));
  } catch (const std::exception& fault) {
    log::error("an answer of a peer could not be taken", {{"cause", fault.what()}});
  }
}

}  // namespace

PeerCalls::PeerCalls(const Context& context) : context_(context) {}
PeerCalls::~PeerCalls() = default;

PeerCalls::CallPointer PeerCalls::find(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = calls_.find(id);
  return found == calls_.end() ? nullptr : found->second;
}

bool PeerCalls::has(const std::string& id) const {
  return find(id) != nullptr;
}

std::size_t PeerCalls::open() const {
  const std::lock_guard lock(mutex_);
  return calls_.size();
}

bool PeerCalls::queue(const CallPointer& call, std::size_t bytes, std::function<void()> task) {
  return context_.queue->push(
      Stage::kInbound, call->peer.text(), call->id, bytes, [call, task = std::move(task)] {
        try {
          task();
        } catch (const std::exception& fault) {
          // The call is repeated, and ends at its time.
          log::error("a call to a peer failed", {{"request", call->id}, {"cause", fault.what()}});
        }
      });
}

void PeerCalls::call(const ledger::Address& peer, Operation operation, std::string params,
                     std::chrono::milliseconds patience, Done done) {
  if (about_patient(operation)) throw std::invalid_argument("PeerCalls: an operation about a patient");
  if (context_.federation()->find(peer) == nullptr)
    return refuse_later(std::move(done), {Code::kNotAMember, "the peer is not in the federation document"});
  std::array<std::uint8_t, 10> random{};
  context_.fill_random(random);
  const SteadyTime now = Timer::Clock::now();
  const auto& config = *context_.config;
  auto call = std::make_shared<Call>(peer, operation, make_uuid_v7(context_.now(), random),
                                     now + std::min(patience, config.request.lifetime));
  call->params = std::move(params);
  call->done = std::move(done);
  call->next_retry =
      now + retry_delay(0, config.transfer.retry_first, config.transfer.retry_max, context_.jitter());
  if (const auto refusal = admit(call)) return refuse_later(std::move(call->done), *refusal);
  // Where the queue is full, the first repetition sends it.
  (void)queue(call, 0, [this, call] { send(*call); });
}

std::optional<Refusal> PeerCalls::admit(const CallPointer& call) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return Refusal{Code::kFailed, "the agent is stopping"};
  const auto of_peer = std::count_if(calls_.begin(), calls_.end(),
                                     [&](const auto& one) { return one.second->peer == call->peer; });
  if (static_cast<std::size_t>(of_peer) >= kMaxPerPeer)
    return Refusal{Code::kBusy, "too many calls of this peer are open"};
  calls_.emplace(call->id, call);
  return std::nullopt;
}

void PeerCalls::refuse_later(Done done, Refusal refusal) {
  bool stopped = false;
  {
    const std::lock_guard lock(mutex_);
    stopped = stopped_;
    refused_.emplace_back(std::move(done), std::move(refusal));
  }
  if (stopped) return run_refused();  // no worker may come any more
  // Where the queue is full, tick() tries again.
  (void)context_.queue->push(Stage::kInbound, "", "", 0, [this] { run_refused(); });
}

void PeerCalls::run_refused() {
  std::vector<std::pair<Done, Refusal>> refused;
  {
    const std::lock_guard lock(mutex_);
    refused.swap(refused_);
  }
  for (const auto& [done, refusal] : refused) run(done, refusal);
}

void PeerCalls::send(Call& call) {
  if (call.request.empty()) {
    const auto federation = context_.federation();
    const ledger::Member* member = federation->find(call.peer);
    if (member == nullptr) return;
    const ledger::TimePoint now = context_.now();
    const auto left = std::max<std::chrono::milliseconds>(
        std::chrono::duration_cast<std::chrono::milliseconds>(call.give_up_at - Timer::Clock::now()),
        std::chrono::seconds(1));
    const Request request{{call.id, context_.self.address, call.peer, federation->version, now},
                          call.operation,
                          now + left,
                          std::string(kOperationsPurpose),
                          {},
                          call.params};
    const std::string jws = sign_request(request, context_.signing());
    call.sha256 = ledger::sha256(jws);
    call.request = context_.seal_to(*member, ledger::as_bytes(jws));
  }
  (void)context_.publish(ledger::topics::request(call.peer, context_.self.address, call.id), call.request,
                         call.id, ledger::topics::response(call.peer, context_.self.address, call.id));
}

void PeerCalls::repeat(const CallPointer& call) {
  {
    const std::lock_guard lock(mutex_);
    if (call->ended) return;
  }
  if (call->assembler && call->idle_acks++ < kPatientAcks) return acknowledge(*call);
  send(*call);
}

void PeerCalls::tick(bool all) {
  const SteadyTime now = Timer::Clock::now();
  const auto& settings = context_.config->transfer;
  std::vector<CallPointer> due, over;
  bool refused = false;
  {
    const std::lock_guard lock(mutex_);
    refused = !refused_.empty();
    for (const auto& [id, call] : calls_) {
      if (call->give_up_at <= now) {
        over.push_back(call);
      } else if (all || call->next_retry <= now) {
        call->next_retry =
            now + retry_delay(++call->attempts, settings.retry_first, settings.retry_max, context_.jitter());
        due.push_back(call);
      }
    }
  }
  for (const CallPointer& call : due) (void)queue(call, 0, [this, call] { repeat(call); });
  // What a full queue does not take is here at the next tick still.
  for (const CallPointer& call : over) {
    (void)queue(call, 0, [this, call] { end(call, Refusal{Code::kExpired, "no answer in the time given"}); });
  }
  if (refused) (void)context_.queue->push(Stage::kInbound, "", "", 0, [this] { run_refused(); });
}

void PeerCalls::stop() {
  std::map<std::string, CallPointer> calls;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    calls = calls_;
  }
  for (const auto& [id, call] : calls) end(call, Refusal{Code::kFailed, "the agent is stopping"});
  run_refused();
}

void PeerCalls::end(const CallPointer& call, Outcome<std::string> outcome) {
  Done done;
  {
    const std::lock_guard lock(mutex_);
    if (call->ended) return;
    call->ended = true;
    done = std::move(call->done);
    calls_.erase(call->id);
  }
  run(done, std::move(outcome));
}

}  // namespace edge
