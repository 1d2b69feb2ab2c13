// How a request ends, and what its peer is told of it.
#include "agent/daemon/log.h"
#include "agent/daemon/requester.h"
#include "agent/daemon/requester_pending.h"

namespace edge {

void Requester::fail(Pending& pending, OutgoingState state, Code code, const std::string& reason) {
  const std::string id = pending.row.id;
  store_.ended(id, state, code_text(code), reason);
  {
    const std::lock_guard lock(mutex_);
    pending.result.code = code;
    pending.result.reason = reason;
  }
  if (state == OutgoingState::kFailed) ++context_.counters->transfers_failed;
  log::info(
      "request ended",
      {{"request", id}, {"peer", pending.row.peer.text()}, {"code", code_text(code)}, {"reason", reason}});
  close(pending, std::string(outgoing_state_text(state)));
}

void Requester::quarantine(Pending& pending, const std::string& reason, ledger::ByteView inline_ciphertext,
                           Code code) {
  const Outgoing row = pending.row;
  pending.file.reset();
  quarantine_inbox(context_.config->agent.state_dir, row.id, reason, pending.manifest_jws, inline_ciphertext);
  {
    const std::lock_guard lock(mutex_);
    pending.result.quarantined = true;
  }
  log::warning("answer quarantined", {{"request", row.id}, {"peer", row.peer.text()}, {"reason", reason}});
  fail(pending, OutgoingState::kFailed, Code::kMalformed, "answer quarantined: " + reason);
  send_rejection(row, code);
}

// The sender learns that its transfer ended, not why.
void Requester::send_rejection(const Outgoing& row, Code code) {
  const auto federation = context_.federation();
  const ledger::Member* member = federation->find(row.peer);
  if (member == nullptr) return;
  const ErrorReply reply{
      {row.id, context_.self.address, row.peer, context_.fed(), context_.now()}, row.sha256, code};
  (void)context_.publish(ledger::topics::ack(row.peer, context_.self.address, row.id),
                         context_.seal_to(*member, ledger::as_bytes(sign_error(reply, context_.signing()))),
                         row.id);
}

// Whoever still sends has not heard how the request ended.
void Requester::answer_late_manifest(const Outgoing& row) {
  if (!row.receipt.empty()) return send_receipt(row.peer, row.id, row.receipt);
  if (row.state == OutgoingState::kRefused || row.state == OutgoingState::kFailed ||
      row.state == OutgoingState::kDropped) {
    send_rejection(row, code_from_text(row.code).value_or(Code::kFailed));
  }
}

void Requester::send_receipt(const ledger::Address& peer, const std::string& id, const std::string& receipt) {
  const auto federation = context_.federation();
  const ledger::Member* member = federation->find(peer);
  if (member == nullptr) return;
  (void)context_.publish(ledger::topics::ack(peer, context_.self.address, id),
                         context_.seal_to(*member, ledger::as_bytes(receipt)), id);
}

}  // namespace edge
