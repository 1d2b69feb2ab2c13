// What the command line may ask of the running agent about the federation document: federation.show,
// federation.publish. The document travels in data frames. Thread-safe.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "agent/adapters/approval_store.h"
#include "agent/adapters/control_socket.h"
#include "agent/daemon/federation_book.h"

namespace edge {

class FederationCommands {
 public:
  FederationCommands(FederationBook& federation, ApprovalStore& approvals)
      : federation_(federation), approvals_(approvals) {}
  // False if the command is none of these. Throws CallError, and what the store throws.
  bool handle(const nlohmann::json& call, ControlChannel& channel);

 private:
  void show(ControlChannel& channel);
  void publish(const nlohmann::json& call, ControlChannel& channel);
  Approval approve(const std::string& document);

  FederationBook& federation_;
  ApprovalStore& approvals_;
};

}  // namespace edge
