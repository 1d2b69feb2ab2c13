// What the command line may ask of the running agent (control_socket.h has the frames): status, request,
// ping, bundle.open, ledger.recover, queue.*, federation.*; consent.* and break-glass.* are those of
// consent_commands.h, disclosures.* of disclosure_commands.h, approval.* of approval_commands.h, keys.* of
// key_commands.h.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "agent/adapters/control_socket.h"
#include "agent/adapters/doubt_store.h"
#include "agent/daemon/consent_commands.h"
#include "agent/daemon/disclosure_commands.h"
#include "agent/daemon/federation_book.h"
#include "agent/daemon/key_book.h"
#include "agent/daemon/ledger_network.h"
#include "agent/daemon/peer_calls.h"
#include "agent/daemon/requester.h"
#include "agent/daemon/responder.h"

namespace edge {

class ControlCommands {
 public:
  ControlCommands(Requester& requester, PeerCalls& calls, LedgerNetwork& network, Responder& responder,
                  DisclosureStore& disclosures, RequestStore& requests, DoubtStore& doubts,
                  ConsentCommands& consents, DisclosureCommands& trail, FederationBook& federation,
                  ApprovalStore& approvals, KeyBook& keys, std::function<std::string()> status,
                  std::function<bool()> connected);
  void handle(const Frame& call, ControlChannel& channel);

 private:
  void request(const std::string& call, ControlChannel& channel);
  void settle(const std::string& id, ControlChannel& channel);
  void ping(const std::string& call, ControlChannel& channel);
  void open(const std::string& call, ControlChannel& channel);
  std::string recover();
  void publish_federation(const nlohmann::json& call, ControlChannel& channel);
  Approval approve_publication(const std::string& document);
  void show_federation(ControlChannel& channel);
  std::string witnessed(const std::string& call);
  std::string queue_list();
  std::string queue_show(const std::string& id);
  void send_result(ControlChannel& channel, const std::string& id, const RequestResult& result);

  Requester& requester_;
  PeerCalls& calls_;
  LedgerNetwork& network_;
  Responder& responder_;
  DisclosureStore& disclosures_;
  RequestStore& requests_;
  DoubtStore& doubts_;
  ConsentCommands& consents_;
  DisclosureCommands& trail_;
  std::function<std::string()> status_;
  std::function<bool()> connected_;
  FederationBook& federation_;
  ApprovalStore& approvals_;
  KeyBook& keys_;
};

}  // namespace edge
