// How requests are refused: when, with what record, and what the peer and the log are told of it.
#include "agent/daemon/log.h"
#include "agent/daemon/responder.h"

namespace edge {

using SteadyTime = Timer::Clock::time_point;

namespace {

constexpr std::chrono::seconds kBusyPause{1};  // between two `busy` to one peer

}  // namespace

void Responder::refuse(const RefusalRecord& record, SteadyTime received, bool record_it) {
  ++context_.counters->requests_refused;
  if (record_it) {
    try {
      store_.refuse(record);
    } catch (const std::exception& fault) {
      // Nothing was given, whatever becomes of the trail.
      log::error("a refusal is missing in the audit trail",
                 {{"request", record.request}, {"cause", fault.what()}});
    }
  }
  // The log knows no more than the wire: the true reason is in the audit table alone. But what is said of
  // times is about clocks, never about a patient, and its cure is here as often as there.
  if (record.refusal.code == Code::kExpired) {
    log::warning("request refused; are both clocks right?", {{"peer", record.peer.text()},
                                                             {"request", record.request},
                                                             {"code", code_text(record.refusal.code)},
                                                             {"reason", record.refusal.reason}});
  } else {
    log::info("request refused", {{"peer", record.peer.text()},
                                  {"request", record.request},
                                  {"code", code_text(record.refusal.code)}});
  }
  send_error(record.peer, record.request, record.sha256, record.refusal.code, time_to_refuse(received));
}

SteadyTime Responder::time_to_refuse(SteadyTime received) const {
  return refusal_time(received, Timer::Clock::now(), context_.config->refusal.quantum);
}

void Responder::send_error(const ledger::Address& peer, const std::string& id,
                           const ledger::Hash& request_sha256, Code code, SteadyTime when) {
  const auto federation = context_.federation();
  const ledger::Member* member = federation->find(peer);
  if (member == nullptr) return;
  const ErrorReply reply{
      {id, context_.self.address, peer, context_.fed(), context_.now()}, request_sha256, code};
  auto sealed = std::make_shared<ledger::Bytes>(
      context_.seal_to(*member, ledger::as_bytes(sign_error(reply, context_.signing()))));
  const std::string topic = ledger::topics::error(peer, context_.self.address, id);
  context_.timer->at(when,
                     [this, sealed, topic, id] { (void)context_.publish(topic, std::move(*sealed), id); });
}

void Responder::send_busy(const VerifiedRequest& request) {
  const auto& envelope = request.request().envelope;
  const SteadyTime now = Timer::Clock::now();
  {
    const std::lock_guard lock(mutex_);
    SteadyTime& last = last_busy_[envelope.from];
    if (last != SteadyTime{} && now - last < kBusyPause) return;
    last = now;
  }
  send_error(envelope.from, envelope.id, request.sha256(), Code::kBusy, now);
}

}  // namespace edge
