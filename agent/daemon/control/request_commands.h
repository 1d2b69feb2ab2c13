// What the command line may ask of the running agent about its own requests to peers: request,
// request.settle, ping, bundle.open. Patients travel in data frames, never in calls. Thread-safe.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "agent/adapters/control_socket.h"
#include "agent/daemon/ledger_network.h"
#include "agent/daemon/peer_calls.h"
#include "agent/daemon/requester.h"

namespace edge {

class RequestCommands {
 public:
  RequestCommands(Requester& requester, PeerCalls& calls, LedgerNetwork& network,
                  std::function<bool()> connected)
      : requester_(requester), calls_(calls), network_(network), connected_(std::move(connected)) {}
  // False if the command is none of these. Throws CallError.
  bool handle(const nlohmann::json& call, ControlChannel& channel);

 private:
  void request(const nlohmann::json& call, ControlChannel& channel);
  // Until it has ended. False if the caller has gone: the request goes on, its bundle will lie in the inbox.
  bool wait(const std::string& id, const nlohmann::json& call, ControlChannel& channel);
  void settle(const nlohmann::json& call, ControlChannel& channel);
  void open(const nlohmann::json& call, ControlChannel& channel);
  void send_result(ControlChannel& channel, const std::string& id, const RequestResult& result);
  void ping(const nlohmann::json& call, ControlChannel& channel);

  Requester& requester_;
  PeerCalls& calls_;
  LedgerNetwork& network_;
  std::function<bool()> connected_;
};

}  // namespace edge
