// The receiving half of PeerCalls: what a peer says about an open call.
#include "agent/core/payload.h"
#include "agent/daemon/peer_calls_open.h"
#include "ledger-client/core/sha256.h"

namespace edge {

using ledger::topics::Parsed;
using mqtt_transport::Message;

namespace {

constexpr std::uint64_t kMaxSmallAnswerBytes = 256 * 1024;
constexpr std::size_t kMaxOverhead = 64 * 1024;  // of a ciphertext over its plaintext

std::uint64_t max_answer(Operation operation) {
  const bool range = operation == Operation::kLedgerRange || operation == Operation::kFederationRange;
  return range ? PeerCalls::kMaxAnswerBytes : kMaxSmallAnswerBytes;
}

Refusal unacceptable(const std::string& why) {
  return {Code::kMalformed, "the peer's answer: " + why};
}

}  // namespace

void PeerCalls::on_response(Message&& message, const Parsed& topic) {
  const CallPointer call = find(topic.id);
  if (!call || topic.agent != context_.self.address || call->peer != *topic.peer) return;
  const std::size_t bytes = message.payload.size();
  if (bytes > kMaxMessageBytes) return;
  auto shared = std::make_shared<Message>(std::move(message));
  (void)queue(call, bytes, [this, call, shared, topic] { take(call, *shared, topic); });
}

void PeerCalls::take(const CallPointer& call, const Message& message, const Parsed& topic) {
  {
    const std::lock_guard lock(mutex_);
    if (call->ended) return;
  }
  switch (topic.kind) {
    case ledger::topics::Kind::kManifest:
      return take_manifest(call, message);
    case ledger::topics::Kind::kChunk:
      return take_chunk(call, message, topic.chunk);
    case ledger::topics::Kind::kError:
      return take_error(call, message);
    default:
      return;
  }
}

void PeerCalls::take_manifest(const CallPointer& call, const Message& message) {
  const auto opened = context_.open(message.payload);
  if (!opened) return;
  const auto framed = unframe_manifest(*opened);
  if (!framed) return;
  const auto federation = context_.federation();
  const ledger::Member* peer = federation->find(call->peer);
  if (peer == nullptr) return;
  const ManifestExpectation expected{
      peer, context_.self.address,       call->id,    call->sha256, "", false, 0,
      {},   max_answer(call->operation), kMaxOverhead};
  auto accepted = read_manifest(context_, framed->jws, expected, context_.now());
  if (!accepted) return;
  if (!*accepted) return end(call, unacceptable(accepted->error().reason));
  const Manifest& manifest = accepted->value().manifest;
  if (manifest.chunk_count == 0) return take_inline(call, manifest, framed->inline_ciphertext);
  if (call->manifest && call->manifest->ciphertext_sha256 == manifest.ciphertext_sha256)
    return acknowledge(*call);
  // A peer that forgot its answer made another; what came of the first is of no use.
  call->assembler.emplace(ChunkedBytes{manifest.ciphertext_size, manifest.merkle_root},
                          context_.window_chunks());
  call->manifest = manifest;
  call->idle_acks = 0;
}

void PeerCalls::take_inline(const CallPointer& call, const Manifest& manifest, ledger::ByteView ciphertext) {
  if (ciphertext.size() != manifest.ciphertext_size ||
      ledger::sha256(ciphertext) != manifest.ciphertext_sha256)
    return end(call, unacceptable("inline payload is not what the manifest describes"));
  PayloadOpener opener(context_.own_identities(), manifest.encoding, manifest.plaintext_size);
  const auto written = opener.write(ciphertext);
  auto plaintext =
      written ? opener.finish(manifest.plaintext_sha256) : ledger::Result<std::string>(written.error());
  if (!plaintext) return end(call, unacceptable(plaintext.error().reason));
  end(call, std::move(*plaintext));
}

void PeerCalls::take_chunk(const CallPointer& call, const Message& message, std::uint64_t number) {
  if (!call->assembler) return;
  switch (call->assembler->take(number, message.payload)) {
    case MemoryAssembler::Taken::kDuplicate:
      return;
    case MemoryAssembler::Taken::kUnusable:
      ++context_.counters->chunks_rejected;
      return;
    case MemoryAssembler::Taken::kWrong:
      ++context_.counters->chunks_rejected;
      return acknowledge(*call);  // says that it is missing
    case MemoryAssembler::Taken::kNew:
      break;
  }
  ++context_.counters->chunks_received;
  call->idle_acks = 0;
  {
    const std::lock_guard lock(mutex_);
    call->attempts = 0;
    call->next_retry = Timer::Clock::now() + context_.config->transfer.retry_first;
  }
  if (call->assembler->complete()) return finish(call);
  if (call->assembler->ack_due()) acknowledge(*call);
}

void PeerCalls::finish(const CallPointer& call) {
  const Manifest& manifest = *call->manifest;
  acknowledge(*call);  // ends it at the peer, whatever it holds
  PayloadOpener opener(context_.own_identities(), manifest.encoding, manifest.plaintext_size);
  ledger::Sha256 hash;
  for (const ledger::Bytes& piece : call->assembler->pieces()) {
    hash.update(piece);
    if (const auto written = opener.write(piece); !written)
      return end(call, unacceptable(written.error().reason));
  }
  if (hash.finish() != manifest.ciphertext_sha256)
    return end(call, unacceptable("ciphertext has another SHA-256 than the manifest says"));
  auto plaintext = opener.finish(manifest.plaintext_sha256);
  if (!plaintext) return end(call, unacceptable(plaintext.error().reason));
  end(call, std::move(*plaintext));
}

void PeerCalls::acknowledge(Call& call) const {
  publish_ack(context_, call.peer, call.id, call.assembler->acknowledge(kMaxMissing));
}

void PeerCalls::take_error(const CallPointer& call, const Message& message) {
  const auto error = read_error(context_, message.payload, {call->peer, call->id, call->sha256});
  if (!error || error->code == Code::kBusy) return;  // the next repetition asks again
  end(call, Refusal{error->code, "the peer refused"});
}

}  // namespace edge
