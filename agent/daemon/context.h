// What every part of the daemon needs: who we are, whom we know, how we send. Built once by the service;
// borrowed by the parts.
#pragma once

#include <atomic>
#include <functional>

#include "agent/adapters/key_files.h"
#include "agent/config/config.h"
#include "agent/core/envelope.h"
#include "agent/core/exchange.h"
#include "agent/daemon/current_federation.h"
#include "agent/daemon/timer.h"
#include "agent/daemon/work_queue.h"
#include "ledger-client/core/key_validity.h"
#include "ledger-client/mqtt/connection.h"

namespace edge {

// Counted for metrics and status; never labelled with anything about a patient.
struct Counters {
  std::atomic<std::uint64_t> requests_received{0}, requests_dropped{0}, requests_refused{0},
      bundles_issued{0}, bundles_delivered{0}, bundles_received{0}, chunks_sent{0}, chunks_received{0},
      chunks_rejected{0}, transfers_failed{0};
};

struct Context {
  const Config* config = nullptr;
  const CurrentFederation* federations = nullptr;
  LocalIdentity self;  // who this agent is; who signs for it now is signing()'s to say
  std::vector<const age::Identity*> identities;
  mqtt_transport::Connection* connection = nullptr;
  WorkQueue* queue = nullptr;
  Timer* timer = nullptr;
  Counters* counters = nullptr;
  std::function<ledger::TimePoint()> now;
  FillRandom fill_random;
  std::shared_ptr<age::ReadyAgreements> agreements = std::make_shared<age::ReadyAgreements>();
  // Keys change while the agent runs; without these, `self` and `identities` stay.
  std::function<LocalIdentity()> signing_now{};
  std::function<LocalIdentity(std::uint64_t known_fed)> signing_then{};
  std::function<std::vector<const age::Identity*>()> identities_now{};
  std::function<bool()> look_for_keys = [] { return false; };
  LocalIdentity signing() const { return signing_now ? signing_now() : self; }
  // For a peer that works by that version: with a key it can know.
  LocalIdentity signing_for(std::uint64_t known_fed) const {
    return signing_then ? signing_then(known_fed) : signing();
  }
  std::vector<const age::Identity*> own_identities() const {
    return identities_now ? identities_now() : identities;
  }
  // What is sealed to this agent. A key that was made a moment ago is looked for.
  ledger::Result<ledger::Bytes> open(ledger::ByteView sealed) const;

  // The newest witnessed checkpoint of the own log; empty if there is none.
  std::function<std::string()> own_witnessed = [] { return std::string(); };
  // Why an entry of a peer's log counts for nothing (the log signed two histories); empty in good order.
  std::function<std::string(const std::string& origin, std::uint64_t index)> why_void =
      [](const std::string&, std::uint64_t) { return std::string(); };
  // Where a peer's log ended one of its keys; what it revoked verifies no message any more.
  std::function<std::optional<ledger::KeyEnd>(const std::string& origin, const std::string& key_id)> key_end =
      [](const std::string&, const std::string&) { return std::nullopt; };
  std::function<RevokedKeys()> revoked_keys = [] { return RevokedKeys(); };
  // The size at which a peer's log was retired, by the log that continues it; nothing while it goes on.
  std::function<std::optional<std::uint64_t>(const std::string& origin)> log_end = [](const std::string&) {
    return std::nullopt;
  };
  // That a log's trees of two sizes are one history, as far as it is held here; empty if that can't be shown.
  std::function<ledger::Proof(const std::string& origin, std::uint64_t smaller, std::uint64_t larger)>
      consistency = [](const std::string&, std::uint64_t, std::uint64_t) { return ledger::Proof(); };
  // How often something changed that bundles are judged by; and that what was judged before a change and
  // stored after it is to be judged again.
  std::function<std::uint64_t()> judged_facts = [] { return 0; };
  std::function<void()> judge_again = [] {};
  // False before the own log was compared with what others remember: nothing can be issued yet.
  std::function<bool()> may_issue = [] { return true; };

  // The version in force: taken once for each task, kept while it works.
  std::shared_ptr<const ledger::Federation> federation() const { return federations->get(); }
  std::uint64_t fed() const { return federation()->version; }
  // Whether anything may be given to that address: an active member.
  bool serves(const ledger::Address& peer) const;

  // A peer works by a newer version of the federation document: asks it for what is missing here.
  std::function<void(const ledger::Address&)> fetch_federation = [](const ledger::Address&) {};

  double jitter() const;                // [0, 1)
  std::uint64_t window_chunks() const;  // transfer.window in chunks, at least one
  // One message of the request path: QoS 1, expiring, with the MQTT 5 properties ordinary tools understand.
  mqtt_transport::PublishResult publish(std::string topic, ledger::Bytes payload, const std::string& id,
                                        std::string response_topic = {}) const;
  // Seals `text` to a member's age recipient. Throws std::runtime_error if it has none.
  ledger::Bytes seal_to(const ledger::Member& member, ledger::ByteView text) const;
  // Makes the key agreements of the next message and payload to a member; for where nobody waits.
  void prepare_for(const ledger::Member& member) const;
};

}  // namespace edge
