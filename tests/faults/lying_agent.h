// An answering agent in the test's own process: the real core over a real ledger and HIS, whose answers the
// test spoils before they leave. Uses the folder of an agent that does not run.
#pragma once

#include <set>

#include "agent/adapters/disclosure_store.h"
#include "agent/adapters/file_store.h"
#include "agent/adapters/his/sqlite_store.h"
#include "tests/support/agent_process.h"
#include "tests/support/test_peer.h"

namespace test_support {

class LyingAgent {
 public:
  LyingAgent(Broker& broker, const ledger::Federation& federation, const AgentProcess& folder);

  // The next new request of the peer, verified; throws if none comes.
  edge::VerifiedRequest next_request(const ledger::Address& from);
  // An honest answer, anchored.
  edge::Answer answer(const edge::VerifiedRequest& request);
  // An anchored answer that holds `plaintext`.
  edge::Answer answer_with(const edge::VerifiedRequest& request, std::string_view plaintext);

  void send_manifest(const edge::Answer& answer);
  void send_chunk(const edge::Answer& answer, std::uint64_t number) { send_chunk_as(answer, number, number); }
  // The data and path of chunk `number`, below the topic of chunk `as`.
  void send_chunk_as(const edge::Answer& answer, std::uint64_t number, std::uint64_t as);
  ledger::Bytes chunk(const edge::Answer& answer, std::uint64_t number) const;
  void send_chunk_bytes(const edge::Answer& answer, std::uint64_t number, ledger::ByteView bytes);

  // What the receiver sends next about the transfer.
  struct Feedback {
    std::optional<edge::Ack> ack;
    std::optional<edge::Receipt> receipt;
    std::optional<edge::ErrorReply> error;
  };
  Feedback next_feedback(const edge::Answer& answer);

  // An entry that ends the key this agent signs with, which it goes on signing with all the same: its place.
  std::uint64_t revoke_signing_key(std::uint64_t suspect_from);
  // Tells everybody the whole log, of which nobody heard before.
  void publish_log();

  TestPeer& peer() { return peer_; }

 private:
  TestPeer peer_;
  std::unique_ptr<ledger::Journal> journal_;
  std::filesystem::path database_;
  edge::his::SqliteStore records_;
  std::set<std::string> seen_;
  edge::FileSpool spool_;
  edge::PatientVault vault_;
  edge::ConsentStore consents_;
  std::unique_ptr<edge::DisclosureStore> store_;
  std::unique_ptr<edge::Exchange> exchange_;
};

}  // namespace test_support
