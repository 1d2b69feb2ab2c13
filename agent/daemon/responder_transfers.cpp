// The responder's sending half: manifests and chunks until a receipt ends each transfer.
#include "agent/core/transfer/chunk.h"
#include "agent/daemon/log.h"
#include "agent/daemon/responder.h"
#include "ledger-client/core/limits.h"
#include "ledger-client/core/sha256.h"

namespace edge {

using ledger::topics::Parsed;
using mqtt_transport::Message;

namespace {

constexpr std::string_view kAgeMagic = "age-encryption.org/";

}  // namespace

void Responder::send_answer(Answer& answer, std::uint64_t judged) {
  const Manifest& manifest = answer.manifest;
  TransferPointer transfer;
  if (manifest.anchor) {
    transfer = track(manifest.envelope.to, manifest.envelope.id, answer.payload,
                     context_.now() + context_.config->transfer.deadline);
    transfer->judged = judged;
    if (!still_permitted(*transfer, false)) return;
  }
  publish_manifest(context_, manifest.envelope,
                   answer.message.valid() ? answer.message.get()
                                          : seal_manifest(context_, context_.signing_for(answer.known_fed),
                                                          manifest, answer.payload.inline_bytes));
  if (!transfer || transfer->chunk_count == 0) return;
  std::vector<std::uint64_t> numbers;
  {
    const std::lock_guard lock(transfer->mutex);
    numbers = transfer->send_window.restart();
  }
  send_chunks(*transfer, numbers);
}

void Responder::send_chunks(Transfer& transfer, const std::vector<std::uint64_t>& numbers) {
  const auto& ciphertext = transfer.payload.seal.ciphertext;
  for (const std::uint64_t number : numbers) {
    if (!context_.serves(transfer.peer) || !still_permitted(transfer, false)) return;
    const ledger::Bytes data = spool_.read(transfer.payload.file, number * ledger::limits::kChunkBytes,
                                           chunk_length(ciphertext.size, number));
    const auto result =
        context_.publish(ledger::topics::chunk(transfer.peer, context_.self.address, transfer.id, number),
                         encode_chunk(transfer.tree->path(number), data), transfer.id);
    if (result != mqtt_transport::PublishResult::kAccepted)
      return;  // a retry or an acknowledgement asks again
    ++context_.counters->chunks_sent;
  }
}

void Responder::send_again(const TransferPointer& transfer) {
  const auto stored = store_.outbound(transfer->peer, transfer->id);
  if (!stored || stored->state != OutboundState::kOpen) return forget(transfer->peer, transfer->id);
  if (!still_permitted(*transfer, true)) return;
  const auto& seal = stored->payload.seal;
  const Manifest manifest{{stored->id, context_.self.address, stored->peer, context_.fed(), context_.now()},
                          stored->request_sha256,
                          stored->content_type,
                          "zstd",
                          seal.plaintext_size,
                          seal.plaintext_sha256,
                          seal.ciphertext.size,
                          seal.ciphertext.sha256,
                          ledger::limits::kChunkBytes,
                          transfer->chunk_count,
                          seal.ciphertext.merkle_root,
                          stored->plaintext_salt,
                          store_.anchor(stored->entry_index, context_.own_witnessed())};
  publish_manifest(context_, manifest.envelope,
                   seal_manifest(context_, context_.signing(), manifest, stored->payload.inline_bytes));
  if (transfer->chunk_count == 0) return;
  std::vector<std::uint64_t> numbers;
  {
    const std::lock_guard lock(transfer->mutex);
    numbers = transfer->send_window.restart();
  }
  send_chunks(*transfer, numbers);
}

void Responder::on_ack(Message&& message, const Parsed& topic) {
  if (topic.agent != context_.self.address ||
      message.payload.size() > context_.config->limits.request_bytes ||
      context_.federation()->find(*topic.peer) == nullptr) {
    return;
  }
  const std::size_t bytes = message.payload.size();
  auto shared = std::make_shared<Message>(std::move(message));
  (void)context_.queue->push(
      Stage::kInbound, topic.peer->text(), "ack " + topic.id, bytes, [this, shared, topic] {
        guarded("acknowledgement failed", topic.id, [&] { handle_ack(*shared, topic); });
      });
}

void Responder::handle_ack(const Message& message, const Parsed& topic) {
  const std::size_t limit = context_.config->limits.request_bytes;
  const ledger::TimePoint now = context_.now();
  if (ledger::as_text(message.payload).starts_with(kAgeMagic)) {
    const auto opened = context_.open(message.payload);
    if (!opened) return;
    const std::string_view jws = ledger::as_text(*opened);
    if (const auto receipt = authenticate(jws, message_type::kReceipt, *topic.peer, *context_.federation(),
                                          now, limit, context_.revoked_keys())) {
      return handle_receipt(receipt->payload, topic, jws);
    }
    const auto error = authenticate(jws, message_type::kError, *topic.peer, *context_.federation(), now,
                                    limit, context_.revoked_keys());
    const auto reply =
        error ? parse_error(error->payload) : ledger::Result<ErrorReply>(ledger::Problem{"not authentic"});
    const auto stored = reply ? store_.outbound(*topic.peer, topic.id) : std::nullopt;
    if (!stored || stored->state != OutboundState::kOpen || stored->request_sha256 != reply->request_sha256 ||
        reply->envelope.id != topic.id || reply->envelope.to != context_.self.address) {
      return;
    }
    store_.end_outbound(*topic.peer, topic.id, OutboundState::kFailed,
                        "the receiver did not accept it: " + std::string(code_text(reply->code)));
    ++context_.counters->transfers_failed;
    return forget(*topic.peer, topic.id);
  }
  const auto authentic = authenticate(ledger::as_text(message.payload), message_type::kAck, *topic.peer,
                                      *context_.federation(), now, limit, context_.revoked_keys());
  if (!authentic) return;
  const auto ack = parse_ack(authentic->payload);
  if (!ack || ack->envelope.id != topic.id || ack->envelope.from != *topic.peer ||
      ack->envelope.to != context_.self.address)
    return;
  const auto transfer = find(*topic.peer, topic.id);
  if (!context_.serves(*topic.peer)) {
    if (transfer) stop_serving(*transfer);
    return;
  }
  if (memory_answers_.on_ack(*ack)) return;
  if (!transfer) return say_it_ended(*topic.peer, topic.id);
  std::vector<std::uint64_t> numbers;
  {
    const std::lock_guard lock(transfer->mutex);
    numbers = transfer->send_window.on_ack(ack->next, ack->missing);
    transfer->attempts = 0;
    schedule_retry(*transfer);
  }
  send_chunks(*transfer, numbers);
}

void Responder::handle_receipt(const std::string& payload, const Parsed& topic, std::string_view jws) {
  const auto receipt = parse_receipt(payload);
  if (!receipt || receipt->envelope.id != topic.id || receipt->envelope.from != *topic.peer ||
      receipt->envelope.to != context_.self.address) {
    return;
  }
  const auto stored = store_.outbound(*topic.peer, topic.id);
  if (!stored || stored->state == OutboundState::kDelivered) return;
  const auto& seal = stored->payload.seal;
  if (receipt->request_sha256 != stored->request_sha256 ||
      receipt->ciphertext_sha256 != seal.ciphertext.sha256 ||
      receipt->plaintext_sha256 != seal.plaintext_sha256) {
    log::warning("receipt is about other bytes", {{"peer", topic.peer->text()}, {"request", topic.id}});
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    ++receipts_;
  }
  store_.delivered(*topic.peer, topic.id, ledger::sha256(jws),
                   [this, peer = *topic.peer, id = topic.id,
                    file = stored->payload.file](DisclosureStore::Delivery delivery) {
                     end_transfer(peer, id, file, delivery);
                     const std::lock_guard lock(mutex_);
                     if (--receipts_ == 0) receipts_done_.notify_all();  // under the lock: ~Responder waits
                   });
}

// On the thread that committed bundle.delivered.
void Responder::end_transfer(const ledger::Address& peer, const std::string& id, const std::string& file,
                             DisclosureStore::Delivery delivery) {
  // What could not be anchored stays open: the answer is offered again, and the receipt comes again.
  if (delivery == DisclosureStore::Delivery::kFailed)
    return log::error("a receipt can't be anchored", {{"peer", peer.text()}, {"request", id}});
  if (delivery == DisclosureStore::Delivery::kDone) ++context_.counters->bundles_delivered;
  guarded("spool file left behind", id, [&] { spool_.remove(file); });
  forget(peer, id);
}

Responder::TransferPointer Responder::track(const ledger::Address& peer, const std::string& id,
                                            const StoredPayload& payload, ledger::TimePoint deadline) {
  const std::uint64_t size = payload.seal.ciphertext.size;
  const std::uint64_t chunks = size <= ledger::limits::kInlineBytes ? 0 : chunk_count(size);
  auto transfer = std::make_shared<Transfer>(peer, id, chunks, context_.window_chunks());
  transfer->payload.seal = payload.seal;
  if (chunks > 0) transfer->tree.emplace(payload.seal.ciphertext.chunk_roots);
  transfer->payload.file = payload.file;
  transfer->deadline = deadline;
  schedule_retry(*transfer);
  const std::lock_guard lock(mutex_);
  return transfers_[key_of(peer, id)] = std::move(transfer);
}

Responder::TransferPointer Responder::find(const ledger::Address& peer, const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = transfers_.find(key_of(peer, id));
  return found == transfers_.end() ? nullptr : found->second;
}

void Responder::forget(const ledger::Address& peer, const std::string& id) {
  const std::lock_guard lock(mutex_);
  transfers_.erase(key_of(peer, id));
}

void Responder::schedule_retry(Transfer& transfer) const {
  const auto& settings = context_.config->transfer;
  transfer.next_retry = Timer::Clock::now() + retry_delay(transfer.attempts, settings.retry_first,
                                                          settings.retry_max, context_.jitter());
}

void Responder::resume() {
  const auto open = store_.list_outbound(true);
  for (const Outbound& outbound : open) {
    const auto transfer = track(outbound.peer, outbound.id, outbound.payload, outbound.deadline);
    transfer->next_retry = Timer::Clock::now();
  }
  std::set<std::string> files;
  for (const Outbound& outbound : store_.list_outbound(false)) {
    if (outbound.state == OutboundState::kOpen || outbound.state == OutboundState::kFailed)
      files.insert(outbound.payload.file);
  }
  spool_.remove_orphans([&files](const std::string& file) { return files.contains(file); });
}

void Responder::tick(bool all) {
  memory_answers_.tick();
  look_at_consents();
  const auto now = Timer::Clock::now();
  std::vector<TransferPointer> due;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, transfer] : transfers_) {
      const std::lock_guard sending(transfer->mutex);
      if (!all && transfer->next_retry > now) continue;
      ++transfer->attempts;
      schedule_retry(*transfer);
      due.push_back(transfer);
    }
  }
  for (const TransferPointer& transfer : due) {
    (void)context_.queue->push(Stage::kInbound, transfer->peer.text(), "ack " + transfer->id, 0,
                               [this, transfer] {
                                 guarded("transfer failed", transfer->id, [&] {
                                   if (!context_.serves(transfer->peer)) return stop_serving(*transfer);
                                   if (context_.now() < transfer->deadline) return send_again(transfer);
                                   store_.end_outbound(transfer->peer, transfer->id, OutboundState::kFailed,
                                                       "no receipt before transfer.deadline");
                                   ++context_.counters->transfers_failed;
                                   forget(transfer->peer, transfer->id);
                                 });
                               });
  }
}

bool Responder::retry(const std::string& id) {
  for (const Outbound& outbound : store_.list_outbound(false)) {
    if (outbound.id != id) continue;
    if (const auto transfer = find(outbound.peer, id)) {
      const std::lock_guard lock(transfer->mutex);
      transfer->next_retry = Timer::Clock::now();
      return true;
    }
    if (!store_.reopen_outbound(outbound.peer, id)) return false;
    const auto transfer =
        track(outbound.peer, id, outbound.payload, context_.now() + context_.config->transfer.deadline);
    const std::lock_guard lock(transfer->mutex);
    transfer->next_retry = Timer::Clock::now();
    return true;
  }
  return false;
}

bool Responder::drop(const std::string& id) {
  for (const Outbound& outbound : store_.list_outbound(false)) {
    if (outbound.id != id || outbound.state == OutboundState::kDelivered ||
        outbound.state == OutboundState::kDropped)
      continue;
    store_.end_outbound(outbound.peer, id, OutboundState::kDropped, "dropped by the operator");
    forget(outbound.peer, id);
    spool_.remove(outbound.payload.file);
    return true;
  }
  return false;
}

}  // namespace edge
