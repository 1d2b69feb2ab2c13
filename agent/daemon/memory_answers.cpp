#include "agent/daemon/memory_answers.h"

#include "agent/core/transfer/chunk.h"
#include "ledger-client/core/topics.h"

namespace edge {

namespace {

// Who asks for a ledger is there to take the answer; who has gone asks again when it is back.
constexpr std::chrono::seconds kDeadline{30};
// So many answers of a peer may be on their way: more than an honest one has requests open.
constexpr std::size_t kMaxPerPeer = 16;

}  // namespace

MemoryAnswers::Known MemoryAnswers::repeat(const VerifiedRequest& request) {
  const Envelope& asked = request.request().envelope;
  const auto kept = find({asked.from, asked.id});
  if (!kept) return Known::kNothing;
  if (kept->answer.manifest.request_sha256 != request.sha256()) return Known::kOther;
  send_all(*kept);
  return Known::kSame;
}

// No peer takes more than half of the room from the others, if it has anything already.
bool MemoryAnswers::has_room(const ledger::Address& peer, std::uint64_t bytes) const {
  const std::uint64_t limit = context_.config->limits.answers_bytes;
  if (bytes_ + bytes > limit) return false;
  std::size_t answers = 0;
  std::uint64_t of_peer = bytes;
  for (auto one = kept_.lower_bound({peer, ""}); one != kept_.end() && one->first.first == peer; ++one) {
    ++answers;
    of_peer += one->second->answer.payload.memory.size();
  }
  return answers == 0 || (answers < kMaxPerPeer && of_peer <= limit / 2);
}

bool MemoryAnswers::send(Answer&& answer) {
  const Key key{answer.manifest.envelope.to, answer.manifest.envelope.id};
  const std::uint64_t bytes = answer.payload.memory.size();
  KeptPointer kept;
  {
    const std::lock_guard lock(mutex_);
    if (!has_room(key.first, bytes)) return false;
    kept = std::make_shared<Kept>(std::move(answer), context_.window_chunks());
    kept->deadline = Timer::Clock::now() + kDeadline;
    // A request is worked on once at a time, so there is none of this id.
    if (!kept_.emplace(key, kept).second) return false;
    bytes_ += bytes;
  }
  send_all(*kept);
  return true;
}

bool MemoryAnswers::on_ack(const Ack& ack) {
  const Key key{ack.envelope.from, ack.envelope.id};
  const auto kept = find(key);
  if (!kept) return false;
  const std::uint64_t chunks = kept->answer.manifest.chunk_count;
  if (ack.next == chunks && ack.missing.empty()) {
    forget(key);
    return true;
  }
  std::vector<std::uint64_t> numbers;
  {
    const std::lock_guard lock(kept->mutex);
    numbers = kept->send_window.on_ack(ack.next, ack.missing);
  }
  send_chunks(*kept, numbers);
  return true;
}

void MemoryAnswers::send_all(Kept& kept) const {
  const Manifest& manifest = kept.answer.manifest;
  publish_manifest(context_, manifest.envelope,
                   seal_manifest(context_, context_.signing_for(kept.answer.known_fed), manifest, {}));
  std::vector<std::uint64_t> numbers;
  {
    const std::lock_guard lock(kept.mutex);
    numbers = kept.send_window.restart();
  }
  send_chunks(kept, numbers);
}

void MemoryAnswers::send_chunks(const Kept& kept, const std::vector<std::uint64_t>& numbers) const {
  const ledger::ByteView all = kept.answer.payload.memory;
  const Envelope& envelope = kept.answer.manifest.envelope;
  for (const std::uint64_t number : numbers) {
    const auto data = all.subspan(number * ledger::limits::kChunkBytes, chunk_length(all.size(), number));
    const auto result =
        context_.publish(ledger::topics::chunk(envelope.to, envelope.from, envelope.id, number),
                         encode_chunk(kept.tree.path(number), data), envelope.id);
    if (result != mqtt_transport::PublishResult::kAccepted) return;  // a repetition asks again
    ++context_.counters->chunks_sent;
  }
}

void MemoryAnswers::tick(Timer::Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  for (auto one = kept_.begin(); one != kept_.end();) {
    if (one->second->deadline > now) {
      ++one;
      continue;
    }
    bytes_ -= one->second->answer.payload.memory.size();
    one = kept_.erase(one);
  }
}

MemoryAnswers::KeptPointer MemoryAnswers::find(const Key& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = kept_.find(key);
  return found == kept_.end() ? nullptr : found->second;
}

void MemoryAnswers::forget(const Key& key) {
  const std::lock_guard lock(mutex_);
  const auto found = kept_.find(key);
  if (found == kept_.end()) return;
  bytes_ -= found->second->answer.payload.memory.size();
  kept_.erase(found);
}

std::uint64_t MemoryAnswers::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace edge
