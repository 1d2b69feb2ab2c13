// The requester's receiving half: manifests, chunks and errors, in the order of bundle.md, Receiving.
#include "agent/core/payload.h"
#include "agent/core/transfer/incoming.h"
#include "agent/daemon/log.h"
#include "agent/daemon/requester.h"
#include "agent/daemon/requester_pending.h"
#include "ledger-client/core/limits.h"
#include "ledger-client/core/sha256.h"

namespace edge {

using ledger::Problem;
using ledger::topics::Parsed;
using mqtt_transport::Message;

namespace {

constexpr std::chrono::milliseconds kWitnessPause{400};

}  // namespace

void Requester::on_response(Message&& message, const Parsed& topic) {
  if (topic.agent != context_.self.address) return;
  const PendingPointer pending = find(topic.id);
  const bool expected = pending != nullptr && pending->row.peer == *topic.peer;
  // A repeated manifest of a request that ended long ago: its sender lost our receipt.
  if (!expected && topic.kind != ledger::topics::Kind::kManifest) return;
  const std::size_t bytes = message.payload.size();
  if (bytes > kMaxMessageBytes) return;
  auto shared = std::make_shared<Message>(std::move(message));
  (void)context_.queue->push(Stage::kInbound, topic.peer->text(), topic.id, bytes,
                             [this, shared, topic, pending, expected] {
                               guarded(topic.id, [&] {
                                 if (!expected || pending->closed) {
                                   const auto row = store_.find(topic.id);
                                   if (row && row->peer == *topic.peer) answer_late_manifest(*row);
                                   return;
                                 }
                                 switch (topic.kind) {
                                   case ledger::topics::Kind::kManifest:
                                     return handle_manifest(*pending, *shared);
                                   case ledger::topics::Kind::kChunk:
                                     return handle_chunk(*pending, *shared, topic.chunk);
                                   case ledger::topics::Kind::kError:
                                     return handle_error(*pending, *shared);
                                   default:
                                     return;
                                 }
                               });
                             });
}

std::optional<ledger::Result<AcceptedManifest>> Requester::accept(const Pending& pending,
                                                                  std::string_view jws,
                                                                  std::optional<ledger::TimePoint> at) {
  const auto& row = pending.row;
  const auto federation = context_.federation();
  const ledger::Member* peer = federation->find(row.peer);
  if (peer == nullptr) return std::nullopt;
  ManifestExpectation expected{peer,
                               context_.self.address,
                               row.id,
                               row.sha256,
                               row.purpose,
                               anchored(row.operation),
                               federation->witness_quorum,
                               federation->witness_keys(),
                               context_.config->limits.bundle_bytes};
  expected.fresh = at.has_value();
  auto accepted = read_manifest(context_, jws, expected, at);
  if (!accepted || !*accepted) return accepted;
  // A log that signed two histories anchors nothing any more; what was witnessed before stays valid.
  const auto& anchor = (*accepted)->manifest.anchor;
  const std::string why = anchor ? context_.why_void((*accepted)->origin, anchor->index) : std::string();
  if (!why.empty()) return ledger::Result<AcceptedManifest>(Problem{"anchor: " + why});
  return accepted;
}

void Requester::handle_manifest(Pending& pending, const Message& message) {
  const auto opened = context_.open(message.payload);
  if (!opened) return;
  const auto framed = unframe_manifest(*opened);
  if (!framed) return;
  const auto accepted = accept(pending, framed->jws, context_.now());
  if (!accepted) return;
  if (!*accepted) {
    pending.manifest_jws = framed->jws;
    return quarantine(pending, accepted->error().reason, framed->inline_ciphertext);
  }
  if (wait_for_witnesses(pending, accepted->value())) return;
  // Without a window nothing of an answer was kept yet, or keeping it failed: then it is taken now.
  if (!pending.window)
    return take_manifest(pending, accepted->value(), std::string(framed->jws), framed->inline_ciphertext);
  // The sender repeats itself: tell it what is here. Another answer to the same request is not taken.
  if (accepted->value().manifest.ciphertext_sha256 == pending.manifest->manifest.ciphertext_sha256)
    send_ack(pending);
}

// What is only signed so far is asked for again until a quorum has cosigned: the peer then sends the
// witnessed checkpoint with it.
bool Requester::wait_for_witnesses(Pending& pending, const AcceptedManifest& accepted) {
  const bool demanded = context_.config->anchor.require == "witnessed" && accepted.manifest.anchor;
  if (!demanded || accepted.witnessed || pending.window) return false;
  report(pending, "waiting for witnesses");
  const std::lock_guard lock(mutex_);
  pending.next_retry = std::min(pending.next_retry, Timer::Clock::now() + kWitnessPause);
  return true;
}

void Requester::take_manifest(Pending& pending, AcceptedManifest accepted, std::string jws,
                              ledger::ByteView inline_ciphertext) {
  pending.manifest_jws = std::move(jws);
  pending.manifest = std::move(accepted);
  const Manifest& manifest = pending.manifest->manifest;
  if (manifest.chunk_count == 0) {
    if (inline_ciphertext.size() != manifest.ciphertext_size ||
        ledger::sha256(inline_ciphertext) != manifest.ciphertext_sha256) {
      return quarantine(pending, "inline payload is not what the manifest describes", inline_ciphertext);
    }
    report(pending, "verifying");
    PayloadOpener opener(context_.own_identities(), manifest.encoding, manifest.plaintext_size);
    const auto written = opener.write(inline_ciphertext);
    auto plaintext = written ? opener.finish_unhashed() : ledger::Result<std::string>(written.error());
    if (!plaintext) return quarantine(pending, plaintext.error().reason, inline_ciphertext);
    return finish(pending, manifest.ciphertext_sha256, std::move(*plaintext),
                  ledger::to_bytes(inline_ciphertext));
  }
  quota_.require(manifest.ciphertext_size);
  pending.file =
      std::make_unique<InboxFile>(inbox_, pending.row.id, manifest.ciphertext_size, manifest.chunk_count);
  pending.window.emplace(manifest.chunk_count, context_.window_chunks());
  // A single chunk needs no memory of its own: were it lost, everything would start anew.
  if (manifest.chunk_count > 1) store_.manifest_accepted(pending.row.id, pending.manifest_jws);
  report(pending, "receiving");
}

void Requester::handle_chunk(Pending& pending, const Message& message, std::uint64_t number) {
  if (!pending.window || pending.window->complete()) return;
  const Manifest& manifest = pending.manifest->manifest;
  if (pending.window->has(number)) return;
  const auto chunk = read_chunk({manifest.ciphertext_size, manifest.merkle_root}, number, message.payload);
  if (chunk.verdict != IncomingChunk::Verdict::kGood) {
    ++context_.counters->chunks_rejected;
    if (chunk.verdict == IncomingChunk::Verdict::kWrong) send_ack(pending);  // says that it is missing
    return;
  }
  pending.file->write(number, chunk.data, chunk.root);
  (void)pending.window->take(number);
  ++context_.counters->chunks_received;
  report(pending, "receiving");
  {
    const std::lock_guard lock(mutex_);
    pending.attempts = 0;
    pending.next_retry = Timer::Clock::now() + context_.config->transfer.retry_first;
  }
  if (pending.window->complete()) {
    finish_file(pending);
  } else if (pending.window->ack_due()) {
    send_ack(pending);
  }
}

void Requester::finish_file(Pending& pending) {
  report(pending, "verifying");
  const Manifest& manifest = pending.manifest->manifest;
  pending.file->begin_sync();  // ends before bundle.received
  PayloadOpener opener(context_.own_identities(), manifest.encoding, manifest.plaintext_size);
  ledger::Sha256 hash;
  std::optional<Problem> problem;
  pending.file->read([&](ledger::ByteView piece) {
    hash.update(piece);
    const auto written = opener.write(piece);
    if (!written) problem = written.error();
    return !problem;
  });
  if (problem) return quarantine(pending, problem->reason);
  if (hash.finish() != manifest.ciphertext_sha256)
    return quarantine(pending, "ciphertext has another SHA-256 than the manifest says");
  auto plaintext = opener.finish_unhashed();
  if (!plaintext) return quarantine(pending, plaintext.error().reason);
  finish(pending, manifest.ciphertext_sha256, std::move(*plaintext), {});
}

void Requester::finish(Pending& pending, const ledger::Hash& ciphertext_sha256, std::string plaintext,
                       ledger::Bytes inline_payload) {
  const Manifest& manifest = pending.manifest->manifest;
  const std::uint64_t facts = context_.judged_facts();
  const auto good = check_plaintext(pending, plaintext, manifest);
  if (!good) return quarantine(pending, good.error().reason, inline_payload, good.error().code);
  if (!good->suspect.empty())
    log::warning("a bundle's signature is suspect", {{"request", pending.row.id}, {"reason", good->suspect}});
  hand_out(pending, std::move(plaintext), good->suspect);
  const Outgoing& row = pending.row;
  Received received{pending.manifest_jws,
                    "",
                    std::move(inline_payload),
                    manifest.plaintext_size,
                    ciphertext_sha256,
                    std::nullopt,
                    {},
                    pending.patient,
                    manifest.content_type,
                    good->key_id,
                    good->tree,
                    good->suspect};
  if (manifest.anchor) {
    received.issued_index = manifest.anchor->index;
    received.issued_origin = pending.manifest->origin;
    const Receipt receipt{{row.id, context_.self.address, row.peer, context_.fed(), context_.now()},
                          row.sha256,
                          ciphertext_sha256,
                          manifest.plaintext_sha256};
    received.receipt = sign_receipt(receipt, context_.signing());
  }
  if (pending.file) pending.file->sync();
  const auto appended = store_.received(row, received);
  if (!appended && appended.error() != ledger::AppendError::kDuplicate) {
    throw Unavailable("the ledger did not take bundle.received");
  }
  ++context_.counters->bundles_received;
  if (context_.judged_facts() != facts) context_.judge_again();
  if (!received.receipt.empty()) send_receipt(row.peer, row.id, received.receipt);
  close(pending, "received");
}

// Once, however often it must be tried to record it.
void Requester::hand_out(Pending& pending, std::string plaintext, const std::string& suspect) {
  if (pending.handed_out) return;
  const Manifest& manifest = pending.manifest->manifest;
  std::unique_lock lock(mutex_);
  pending.handed_out = true;
  pending.progress.state = "verified";
  pending.progress.ended = true;
  auto& result = pending.result;
  result.received = true;
  if (pending.watched) result.plaintext = std::move(plaintext);
  result.manifest = pending.manifest_jws;
  result.content_type = manifest.content_type;
  result.plaintext_sha256 = ledger::to_hex(manifest.plaintext_sha256);
  result.issued_index = manifest.anchor ? manifest.anchor->index : 0;
  result.origin = pending.manifest->origin;
  result.cosignatures = pending.manifest->cosignatures;
  result.witnessed = pending.manifest->witnessed;
  result.suspect = suspect;
  lock.unlock();  // who is woken wants it
  pending.changed.notify_all();
}

void Requester::send_ack(Pending& pending) {
  publish_ack(context_, pending.row.peer, pending.row.id, pending.window->acknowledge(kMaxMissing));
}

void Requester::handle_error(Pending& pending, const Message& message) {
  const auto error =
      read_error(context_, message.payload, {pending.row.peer, pending.row.id, pending.row.sha256});
  if (!error) return;
  if (error->code == Code::kBusy) return;  // the next repetition asks again
  // An answer is already being received; only what the peer said after it can end it.
  if (pending.window && error->envelope.issued <= pending.manifest->manifest.envelope.issued) return;
  std::string why = "the peer refused";
  if (error->code == Code::kExpired)
    why += " at " + ledger::format_time(error->envelope.issued) + " by its clock, and the clock here says " +
           ledger::format_time(context_.now());
  fail(pending, OutgoingState::kRefused, error->code, why);
}

}  // namespace edge
