#include "agent/daemon/requester.h"

#include "agent/core/admission.h"
#include "agent/daemon/log.h"
#include "agent/daemon/requester_pending.h"
#include "ledger-client/core/sha256.h"

namespace edge {

using SteadyTime = Timer::Clock::time_point;

namespace {

// Waits until a row is durable. Why it is not, or nothing.
std::string why_not_kept(std::future<ledger::Journal::Answer>& kept) {
  try {
    const auto answer = kept.get();
    if (answer) return {};
    return answer.error() == ledger::AppendError::kDiskFull
               ? "the request can't be kept: no room on the disk"
               : "the request can't be kept: nothing is written any more before a restart";
  } catch (const std::exception& fault) {
    return fault.what();
  }
}

}  // namespace

Requester::Requester(const Context& context, RequestStore& store)
    : context_(context),
      store_(store),
      inbox_(context.config->agent.state_dir / "inbox"),
      quota_(context.config->agent.state_dir, context.config->limits.spool_bytes) {
  std::filesystem::create_directories(inbox_);
  std::filesystem::permissions(inbox_, std::filesystem::perms::owner_all);
}

Requester::~Requester() = default;

void Requester::guarded(const std::string& id, const std::function<void()>& task) {
  try {
    task();
  } catch (const std::exception& fault) {
    // Nothing is lost: what was not acknowledged is sent again.
    log::error("answer could not be taken", {{"request", id}, {"cause", fault.what()}});
  }
}

Requester::PendingPointer Requester::find(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = pending_.find(id);
  return found == pending_.end() ? nullptr : found->second;
}

std::size_t Requester::pending() const {
  const std::lock_guard lock(mutex_);
  return pending_.size();
}

Outcome<std::string> Requester::start(const ledger::Address& peer, Operation operation,
                                      const RecordQuery& query, const std::string& purpose) {
  const auto federation = context_.federation();
  const ledger::Member* member = federation->find(peer);
  if (member == nullptr || member->status != ledger::MemberStatus::kActive)
    return Refusal{Code::kNotAMember, "the federation document does not list the peer as active"};
  if (pending() >= context_.config->limits.pending_requests)
    return Refusal{Code::kBusy, "too many requests are pending"};
  require_room(inbox_, context_.config->limits.min_free_bytes);

  const ledger::TimePoint now = context_.now();
  std::array<std::uint8_t, 10> random{};
  context_.fill_random(random);
  const Request request{{make_uuid_v7(now, random), context_.self.address, peer, context_.fed(), now},
                        operation,
                        now + context_.config->request.lifetime,
                        purpose,
                        query};
  const std::string jws = sign_request(request, context_.signing());
  Outgoing row{request.envelope.id,
               peer,
               OutgoingState::kSent,
               operation,
               purpose,
               context_.seal_to(*member, ledger::as_bytes(jws)),
               ledger::sha256(jws),
               {},
               now,
               request.expires,
               {},
               {},
               {},
               {},
               0,
               {}};
  const auto pending = make_pending(std::move(row));
  pending->patient = query.patient;
  // Sealed to ourselves while the first publish is in flight, by whoever needs it first.
  const age::Recipient own = context_.own_identities().front()->recipient();
  const auto patient =
      std::async(std::launch::deferred, [this, own, text = canonical_patient(query.patient)] {
        return age::seal(context_.agreements->take(own), ledger::as_bytes(text));
      }).share();
  // The row is on its way to the disk before anything can answer, so that no answer is recorded ahead of it;
  // it commits while the first publish is in flight. Nobody is handed a bundle before.
  auto kept = store_.insert(pending->row, patient);
  publish_request(*pending);
  patient.wait();
  if (const auto problem = why_not_kept(kept); !problem.empty()) {
    const std::lock_guard lock(mutex_);
    pending->closed = true;
    pending_.erase(request.envelope.id);
    return Refusal{Code::kFailed, problem};
  }
  // For the next one, while the peer works: before, it would be in the way of this one.
  context_.agreements->prepare(own, 1);
  context_.prepare_for(*member);
  return request.envelope.id;
}

Requester::PendingPointer Requester::make_pending(Outgoing row) {
  auto pending = std::make_shared<Pending>(std::move(row));
  const auto& settings = context_.config->transfer;
  pending->progress.state = "sent";
  pending->next_retry =
      Timer::Clock::now() + retry_delay(0, settings.retry_first, settings.retry_max, context_.jitter());
  const std::lock_guard lock(mutex_);
  pending_[pending->row.id] = pending;
  return pending;
}

void Requester::publish_request(const Pending& pending) {
  const Outgoing& row = pending.row;
  (void)context_.publish(ledger::topics::request(row.peer, context_.self.address, row.id), row.message,
                         row.id, ledger::topics::response(row.peer, context_.self.address, row.id));
}

void Requester::report(Pending& pending, const std::string& state) {
  const std::lock_guard lock(mutex_);
  pending.progress.state = state;
  if (pending.manifest) pending.progress.total = pending.manifest->manifest.ciphertext_size;
  if (pending.window) {
    pending.progress.bytes =
        std::min(pending.progress.total, pending.window->received() * ledger::limits::kChunkBytes);
  }
}

void Requester::close(Pending& pending, const std::string& state) {
  PendingPointer held;
  {
    const std::lock_guard lock(mutex_);
    pending.progress.state = state;
    pending.progress.ended = pending.closed = true;
    const auto found = pending_.find(pending.row.id);
    if (found != pending_.end()) held = found->second;
    if (held && !pending.watched) pending_.erase(found);
  }
  if (held) held->changed.notify_all();
}

RequestProgress Requester::wait(const std::string& id, std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  const auto found = pending_.find(id);
  if (found == pending_.end()) return {"unknown", 0, 0, true};
  const PendingPointer pending = found->second;
  pending->changed.wait_for(lock, timeout, [&] { return pending->progress.ended; });
  return pending->progress;
}

bool Requester::settled(const std::string& id, std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  const auto found = pending_.find(id);
  if (found == pending_.end()) return true;
  const PendingPointer pending = found->second;
  return pending->changed.wait_for(lock, timeout, [&] { return pending->closed.load(); });
}

std::optional<RequestResult> Requester::take_result(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = pending_.find(id);
  if (found == pending_.end()) return std::nullopt;
  Pending& pending = *found->second;
  if (!pending.progress.ended || !pending.watched) return std::nullopt;
  RequestResult result = std::move(pending.result);
  pending.watched = false;
  if (pending.closed) pending_.erase(found);
  return result;
}

void Requester::abandon(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;
  found->second->watched = false;
  if (found->second->closed) pending_.erase(found);
}

}  // namespace edge
