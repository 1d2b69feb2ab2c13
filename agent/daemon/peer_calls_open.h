// Private to peer_calls.cpp and peer_calls_answers.cpp.
#pragma once

#include "agent/daemon/peer_calls.h"

namespace edge {

// One call that waits for its answer. Members from `params` on are touched only by tasks of the call's own
// lane of the queue, one at a time.
struct PeerCalls::Call {
  Call(ledger::Address asked, Operation what, std::string request_id, Timer::Clock::time_point end)
      : peer(std::move(asked)), operation(what), id(std::move(request_id)), give_up_at(end) {}

  const ledger::Address peer;
  const Operation operation;
  const std::string id;
  const Timer::Clock::time_point give_up_at;

  // Guarded by PeerCalls::mutex_.
  Done done;
  bool ended = false;
  unsigned attempts = 0;
  Timer::Clock::time_point next_retry{};

  std::string params;
  ledger::Bytes request;  // sealed; empty until it was sent once
  ledger::Hash sha256{};  // of its JWS
  std::optional<Manifest> manifest;
  std::optional<MemoryAssembler> assembler;
  unsigned idle_acks = 0;  // repeated acknowledgements since the last new chunk
};

}  // namespace edge
