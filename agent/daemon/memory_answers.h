// Answers without anchor that are too large to travel inside their manifest (a range of a ledger): chunks
// from memory, until the last acknowledgement or a short deadline; then forgotten, as they can be made again.
// Memory is bounded by limits.answers_bytes over all peers, and by a number of answers for each.
// Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "agent/daemon/messages.h"

namespace edge {

class MemoryAnswers {
 public:
  explicit MemoryAnswers(const Context& context) : context_(context) {}

  // What is known of a request's id: nothing, this very request, whose state is then sent again, or another.
  enum class Known { kNothing, kSame, kOther };
  Known repeat(const VerifiedRequest& request);

  // Keeps an answer with payload.memory and sends manifest and first chunks. False, and nothing is sent, if
  // there is no room.
  bool send(Answer&& answer);
  // Sends what an authentic acknowledgement asks for. False if it is not about an answer kept here.
  bool on_ack(const Ack& ack);
  // Forgets what is over its deadline.
  void tick(Timer::Clock::time_point now = Timer::Clock::now());

  std::uint64_t bytes() const;

 private:
  // One answer on its way. Its mutex serialises sending.
  struct Kept {
    Kept(Answer&& given, std::uint64_t window)
        : answer(std::move(given)),
          tree(answer.payload.seal.ciphertext.chunk_roots),
          send_window(answer.manifest.chunk_count, window) {}
    const Answer answer;
    const ChunkTree tree;
    std::mutex mutex;
    SendWindow send_window;
    Timer::Clock::time_point deadline{};  // guarded by mutex_ of the whole
  };
  using KeptPointer = std::shared_ptr<Kept>;
  using Key = std::pair<ledger::Address, std::string>;  // peer and id

  KeptPointer find(const Key& key) const;
  void forget(const Key& key);
  bool has_room(const ledger::Address& peer, std::uint64_t bytes) const;
  void send_chunks(const Kept& kept, const std::vector<std::uint64_t>& numbers) const;
  void send_all(Kept& kept) const;

  const Context& context_;
  mutable std::mutex mutex_;  // guards what follows
  std::map<Key, KeptPointer> kept_;
  std::uint64_t bytes_ = 0;
};

}  // namespace edge
