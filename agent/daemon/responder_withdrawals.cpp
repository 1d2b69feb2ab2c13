// The responder's answers that may not go out any more: their receiver is no member, their consent has ended.
#include "agent/daemon/log.h"
#include "agent/daemon/responder.h"

namespace edge {

// To whom the federation's document says no more: it gets not even the rest of what was begun.
void Responder::stop_serving(const Transfer& transfer) {
  const auto stored = store_.outbound(transfer.peer, transfer.id);
  if (stored && stored->state == OutboundState::kOpen) {
    store_.end_outbound(transfer.peer, transfer.id, OutboundState::kFailed,
                        "the receiver is not an active member any more");
    ++context_.counters->transfers_failed;
    send_error(transfer.peer, transfer.id, stored->request_sha256, Code::kNotAMember, Timer::Clock::now());
  }
  forget(transfer.peer, transfer.id);
}

bool Responder::permits(const ledger::Address& peer, const std::string& id) {
  std::shared_ptr<const Exchange> exchange;
  {
    const std::lock_guard lock(mutex_);
    exchange = exchange_;
  }
  const auto given = store_.given(peer, id);
  return given && exchange->still_permits(peer, *given);
}

bool Responder::still_permitted(Transfer& transfer, bool again) {
  const std::uint64_t changes = store_.consent_changes();  // before they are read
  if (!again && transfer.judged == changes) return true;
  if (permits(transfer.peer, transfer.id)) {
    transfer.judged = changes;
    return true;
  }
  const auto stored = store_.outbound(transfer.peer, transfer.id);
  if (stored && stored->state == OutboundState::kOpen) {
    store_.end_outbound(transfer.peer, transfer.id, OutboundState::kFailed,
                        "withdrawn: the consents in force do not permit it any more");
    ++context_.counters->transfers_failed;
    log::warning("an answer on its way is withdrawn: its consent ended",
                 {{"peer", transfer.peer.text()}, {"request", transfer.id}});
    send_error(transfer.peer, transfer.id, stored->request_sha256, Code::kNotAvailable, Timer::Clock::now());
  }
  forget(transfer.peer, transfer.id);
  return false;
}

// A consent has changed: what may not go out any more ends now, not at its next turn.
void Responder::look_at_consents() {
  const std::uint64_t changes = store_.consent_changes();
  std::vector<TransferPointer> open;
  {
    const std::lock_guard lock(mutex_);
    if (consents_seen_ == changes) return;
    consents_seen_ = changes;
    for (const auto& [key, transfer] : transfers_)
      if (transfer->judged != changes) open.push_back(transfer);
  }
  for (const TransferPointer& transfer : open) {
    (void)context_.queue->push(
        Stage::kInbound, transfer->peer.text(), "ack " + transfer->id, 0, [this, transfer] {
          guarded("transfer failed", transfer->id, [&] { (void)still_permitted(*transfer, false); });
        });
  }
}

// To a receiver that still waits for what was given up here.
void Responder::say_it_ended(const ledger::Address& peer, const std::string& id) {
  const auto stored = store_.outbound(peer, id);
  if (!stored || (stored->state != OutboundState::kFailed && stored->state != OutboundState::kDropped))
    return;
  send_error(peer, id, stored->request_sha256, permits(peer, id) ? Code::kFailed : Code::kNotAvailable,
             Timer::Clock::now());
}

}  // namespace edge
