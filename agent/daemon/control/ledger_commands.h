// What the command line may ask of the running agent about ledgers: ledger.recover (the own one, from what
// peers hold of it) and ledger.witnessed (what is known of a member's). Thread-safe.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>

#include "agent/adapters/control_socket.h"
#include "agent/daemon/ledger_network.h"

namespace edge {

class LedgerCommands {
 public:
  LedgerCommands(LedgerNetwork& network, std::function<bool()> connected)
      : network_(network), connected_(std::move(connected)) {}
  // False if the command is none of these. Throws CallError.
  bool handle(const nlohmann::json& call, ControlChannel& channel);

 private:
  nlohmann::json recover();
  nlohmann::json witnessed(const nlohmann::json& call);

  LedgerNetwork& network_;
  std::function<bool()> connected_;
};

}  // namespace edge
