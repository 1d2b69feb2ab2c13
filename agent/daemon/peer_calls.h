// Requests between agents that are about no patient (ping, ledger-range, ledger-proof, cosign): the one
// request path of wire.md, kept in memory only. Nothing is stored; after a restart whoever needs an answer
// asks anew. A call costs one signature and one sealing, its answer one opening and one verification, and no
// disk. Memory: at most kMaxPerPeer answers of kMaxAnswerBytes for each peer, and only for bytes that came.
// Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "agent/core/request.h"
#include "agent/core/transfer/incoming.h"
#include "agent/daemon/messages.h"
#include "ledger-client/core/topics.h"

namespace edge {

class PeerCalls {
 public:
  static constexpr std::size_t kMaxPerPeer = 8;
  static constexpr std::uint64_t kMaxAnswerBytes = 4u << 20;  // plaintext of a range; others are smaller

  // The answer's plaintext, or why there is none: the code the peer answered with; `not-a-member` for who is
  // not in the federation document; `busy` for one call too many; `malformed` for an answer of the peer's
  // that is not what it may be; `expired` after `patience`; `failed` when the agent stops.
  using Done = std::function<void(Outcome<std::string>)>;

  explicit PeerCalls(const Context& context);
  ~PeerCalls();

  // Returns at once; `done` runs exactly once, on a worker thread (of stop(): on the stopping one), holding
  // no lock of this class. It must not ask the same again at once when it got a Refusal. The identical bytes
  // are sent again with back-off until `patience` has passed, or request.lifetime if that is shorter; `busy`
  // is asked again like silence. `params`: canonical JSON as ledger_query.h writes it, empty for ping.
  // Throws std::invalid_argument for an operation about a patient: those are the Requester's.
  void call(const ledger::Address& peer, Operation operation, std::string params,
            std::chrono::milliseconds patience, Done done);

  // Whether an answer with this id is for a call here.
  bool has(const std::string& id) const;
  // From the MQTT handler: only bounds, copies and queues.
  void on_response(mqtt_transport::Message&& message, const ledger::topics::Parsed& topic);
  // Sends again what is due and ends what is over its time; `all` after a reconnect.
  void tick(bool all);
  // Ends every call, and each that is made from now on. After the timer has stopped.
  void stop();
  std::size_t open() const;

 private:
  struct Call;
  using CallPointer = std::shared_ptr<Call>;

  CallPointer find(const std::string& id) const;
  std::optional<Refusal> admit(const CallPointer& call);
  bool queue(const CallPointer& call, std::size_t bytes, std::function<void()> task);
  void refuse_later(Done done, Refusal refusal);
  void run_refused();
  void send(Call& call);
  void repeat(const CallPointer& call);
  void take(const CallPointer& call, const mqtt_transport::Message& message,
            const ledger::topics::Parsed& topic);
  void take_manifest(const CallPointer& call, const mqtt_transport::Message& message);
  void take_chunk(const CallPointer& call, const mqtt_transport::Message& message, std::uint64_t number);
  void take_error(const CallPointer& call, const mqtt_transport::Message& message);
  void take_inline(const CallPointer& call, const Manifest& manifest, ledger::ByteView ciphertext);
  void acknowledge(Call& call) const;
  void finish(const CallPointer& call);
  void end(const CallPointer& call, Outcome<std::string> outcome);

  const Context& context_;
  mutable std::mutex mutex_;  // guards what follows, and of each call what it says
  std::map<std::string, CallPointer> calls_;
  std::vector<std::pair<Done, Refusal>> refused_;  // calls that never began
  bool stopped_ = false;
};

}  // namespace edge
