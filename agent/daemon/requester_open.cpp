// Open requests whose caller has gone or waits: taken up after a start, repeated, retried, dropped.
#include <nlohmann/json.hpp>

#include "agent/adapters/inbox.h"
#include "agent/core/admission.h"
#include "agent/daemon/requester_pending.h"
#include "ledger-client/core/canonical_json.h"

namespace edge {

using ledger::Problem;
using SteadyTime = Timer::Clock::time_point;

fhir::Identifier Requester::asked_patient(const Outgoing& row) {
  const auto opened = context_.open(row.patient);
  const auto patient = opened ? ledger::parse_json(ledger::as_text(*opened))
                              : ledger::Result<nlohmann::json>(Problem{"sealed"});
  if (!patient) throw std::runtime_error("a stored request can't be opened with this agent's age identities");
  return {patient->value("system", ""), patient->value("value", "")};
}

void Requester::resume() {
  for (Outgoing& row : store_.list(true)) {
    const std::string id = row.id;
    const auto pending = make_pending(std::move(row));
    {
      const std::lock_guard lock(mutex_);
      pending->watched = false;
      pending->next_retry = Timer::Clock::now();
    }
    guarded(id, [&] { resume_one(*pending); });
  }
}

void Requester::resume_one(Pending& pending) {
  pending.patient = asked_patient(pending.row);
  if (pending.row.state != OutgoingState::kReceiving) return;
  auto accepted = accept(pending, pending.row.manifest, std::nullopt);
  if (!accepted || !*accepted) return quarantine(pending, "the stored manifest is no longer acceptable");
  const Manifest& manifest = accepted->value().manifest;
  pending.file =
      std::make_unique<InboxFile>(inbox_, pending.row.id, manifest.ciphertext_size, manifest.chunk_count);
  pending.window.emplace(manifest.chunk_count, context_.window_chunks());
  for (const std::uint64_t chunk : pending.file->present()) (void)pending.window->take(chunk);
  pending.manifest_jws = pending.row.manifest;
  pending.manifest = std::move(accepted->value());
  report(pending, "receiving");
  if (pending.window->complete()) finish_file(pending);
}

void Requester::tick(bool all) {
  const SteadyTime now = Timer::Clock::now();
  const auto& settings = context_.config->transfer;
  std::vector<PendingPointer> due;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, pending] : pending_) {
      if (pending->closed || (!all && pending->next_retry > now)) continue;
      pending->next_retry =
          now + retry_delay(++pending->attempts, settings.retry_first, settings.retry_max, context_.jitter());
      due.push_back(pending);
    }
  }
  for (const PendingPointer& pending : due) {
    (void)context_.queue->push(
        Stage::kInbound, pending->row.peer.text(), pending->row.id, 0, [this, pending] {
          guarded(pending->row.id, [&] {
            if (pending->closed) return;
            const ledger::TimePoint time = context_.now();
            if (pending->window) {
              // Everything is here, but it could not be kept before.
              if (pending->window->complete()) return finish_file(*pending);
              if (time < pending->row.issued + context_.config->transfer.deadline) return send_ack(*pending);
              return fail(*pending, OutgoingState::kFailed, Code::kExpired,
                          "not complete before transfer.deadline");
            }
            if (time < pending->row.expires) return publish_request(*pending);
            fail(*pending, OutgoingState::kFailed, Code::kExpired,
                 pending->handed_out ? "handed out, but not recorded before the request expired"
                                     : "no answer before the request expired");
          });
        });
  }
}

bool Requester::retry(const std::string& id) {
  if (const auto pending = find(id)) {
    const std::lock_guard lock(mutex_);
    pending->next_retry = Timer::Clock::now();
    return true;
  }
  if (!store_.reopen(id)) return false;
  auto row = store_.find(id);
  if (!row) return false;
  const auto pending = make_pending(std::move(*row));
  {
    const std::lock_guard lock(mutex_);
    pending->watched = false;
    pending->next_retry = Timer::Clock::now();
  }
  // In its own lane: chunks may come at once.
  return context_.queue->push(Stage::kInbound, pending->row.peer.text(), id, 0,
                              [this, pending] { guarded(pending->row.id, [&] { resume_one(*pending); }); });
}

bool Requester::drop(const std::string& id) {
  const auto pending = find(id);
  if (!pending) {
    const auto row = store_.find(id);
    if (!row || row->state != OutgoingState::kFailed) return false;
    store_.ended(id, OutgoingState::kDropped, row->code, "dropped by the operator");
    remove_inbox(inbox_, id);
    return true;
  }
  return context_.queue->push(Stage::kInbound, pending->row.peer.text(), id, 0, [this, pending] {
    guarded(pending->row.id, [&] {
      if (pending->closed) return;
      const std::string dropped = pending->row.id;
      pending->file.reset();
      remove_inbox(inbox_, dropped);
      fail(*pending, OutgoingState::kDropped, Code::kFailed, "dropped by the operator");
    });
  });
}

}  // namespace edge
