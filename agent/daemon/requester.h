// The asking side: own requests out, manifests and chunks in, until the verified bundle is handed out, in the
// inbox, on the ledger, and its receipt sent. Thread-safe; work runs on the queue's threads.
//
// Order of writes: the request's row is durable before `start` returns; the verified bundle is handed out to
// who waits; `bundle.received`, audit row, manifest, receipt and payload are one commit; then the receipt
// leaves. A crash before that commit leaves the row, so the request goes out again and the same answer is
// recorded then.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>

#include "agent/adapters/file_store.h"
#include "agent/adapters/request_store.h"
#include "agent/core/transfer/window.h"
#include "agent/daemon/context.h"
#include "ledger-client/core/topics.h"

namespace edge {

// How far a request has come, for whoever waits for it.
struct RequestProgress {
  std::string state;  // sent, manifest, receiving, verifying, verified, received, refused, failed
  std::uint64_t bytes = 0, total = 0;  // ciphertext
  bool ended = false;                  // there is a result; what is `verified` is recorded next
};

struct RequestResult {
  bool received = false;
  Code code = Code::kFailed;
  std::string reason;
  bool quarantined = false;  // an answer came that must not be handed out
  std::string plaintext;     // the verified bundle; empty where nobody waited
  std::string manifest;      // JWS: the proof
  std::string content_type;
  std::string plaintext_sha256;
  std::uint64_t issued_index = 0;
  std::string origin;
  std::uint64_t cosignatures = 0;
  bool witnessed = false;  // a quorum of them
  std::string suspect;     // why the signature is to be doubted; empty in good order
};

class Requester {
 public:
  Requester(const Context& context, RequestStore& store);
  ~Requester();

  // Signs, publishes and stores a request; returns its id. A Refusal if the peer is unknown or too many are
  // pending.
  Outcome<std::string> start(const ledger::Address& peer, Operation operation, const RecordQuery& query,
                             const std::string& purpose);
  // How far it is when it has ended or `timeout` has passed.
  RequestProgress wait(const std::string& id, std::chrono::milliseconds timeout);
  // The result of an ended request, once; nothing if it is not ended or not known.
  std::optional<RequestResult> take_result(const std::string& id);
  // Waits until nothing of the request is left to record. False if `timeout` passed first.
  bool settled(const std::string& id, std::chrono::milliseconds timeout);
  // Nobody waits any more: the request goes on, its bundle stays in the inbox.
  void abandon(const std::string& id);

  // From the MQTT handler: only bounds, copies and queues.
  void on_response(mqtt_transport::Message&& message, const ledger::topics::Parsed& topic);

  void resume();
  void tick(bool all);
  bool retry(const std::string& id);
  bool drop(const std::string& id);
  std::size_t pending() const;

  // A received bundle out of the inbox, decrypted and verified again.
  Outcome<RequestResult> open_bundle(const std::string& id);

 private:
  struct Pending;
  // Of a bundle that is good: the key that signed it, the tree its entry was shown to be in, and why its
  // signature is suspect. Empty where nothing is anchored.
  struct Standing {
    std::string key_id;
    ledger::Checkpoint tree;
    std::string suspect;
  };
  using PendingPointer = std::shared_ptr<Pending>;

  PendingPointer find(const std::string& id) const;
  PendingPointer make_pending(Outgoing row);
  void publish_request(const Pending& pending);
  void handle_manifest(Pending& pending, const mqtt_transport::Message& message);
  bool wait_for_witnesses(Pending& pending, const AcceptedManifest& accepted);
  void take_manifest(Pending& pending, AcceptedManifest accepted, std::string jws,
                     ledger::ByteView inline_ciphertext);
  void handle_chunk(Pending& pending, const mqtt_transport::Message& message, std::uint64_t number);
  void handle_error(Pending& pending, const mqtt_transport::Message& message);
  void finish_file(Pending& pending);
  void finish(Pending& pending, const ledger::Hash& ciphertext_sha256, std::string plaintext,
              ledger::Bytes inline_payload);
  void hand_out(Pending& pending, std::string plaintext, const std::string& suspect);
  void fail(Pending& pending, OutgoingState state, Code code, const std::string& reason);
  // Keeps an answer that must not be handed out, with the reason, and ends the request.
  void quarantine(Pending& pending, const std::string& reason, ledger::ByteView inline_ciphertext = {},
                  Code code = Code::kMalformed);
  void send_ack(Pending& pending);
  void send_rejection(const Outgoing& row, Code code);
  void answer_late_manifest(const Outgoing& row);
  void send_receipt(const ledger::Address& peer, const std::string& id, const std::string& receipt);
  void report(Pending& pending, const std::string& state);
  // Nothing more is taken or recorded. May let go of the pending request.
  void close(Pending& pending, const std::string& state);
  void resume_one(Pending& pending);
  // Nothing if the manifest is not authentic: it may be anybody's. `at` as read_manifest has it.
  std::optional<ledger::Result<AcceptedManifest>> accept(const Pending& pending, std::string_view jws,
                                                         std::optional<ledger::TimePoint> at);
  // Whether the key that signed the bundle counts where the bundle is anchored: refused, or why it is
  // suspect.
  Outcome<Standing> judge(const Manifest& manifest, const ledger::Address& peer,
                          const std::string& key_id) const;
  Outcome<Standing> check_plaintext(const Pending& pending, const std::string& plaintext,
                                    const Manifest& manifest);
  Outcome<Standing> check_document(const Pending& pending, const std::string& plaintext,
                                   const Manifest& manifest);
  fhir::Identifier asked_patient(const Outgoing& row);
  void guarded(const std::string& id, const std::function<void()>& task);

  const Context& context_;
  RequestStore& store_;
  std::filesystem::path inbox_;
  SpoolQuota quota_;

  mutable std::mutex mutex_;  // guards pending_ and every Pending's progress and result
  std::map<std::string, PendingPointer> pending_;
};

}  // namespace edge
