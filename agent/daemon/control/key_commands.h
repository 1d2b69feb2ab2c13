// What the command line may ask of the running agent about its keys: keys.revoke, and keys.rotate, which asks
// for the votes alone, as the new key is made by the command line. Thread-safe.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "agent/adapters/approval_store.h"
#include "agent/adapters/control_socket.h"
#include "agent/daemon/key_book.h"

namespace edge {

class KeyCommands {
 public:
  KeyCommands(KeyBook& keys, ApprovalStore& approvals) : keys_(keys), approvals_(approvals) {}
  // False if the command is none of these. Throws CallError, and what the store throws.
  bool handle(const nlohmann::json& call, ControlChannel& channel);
  // Throws CallError for a deed about a key that can't be done anyway: no motion is made of it.
  void check(const Deed& deed) const;

 private:
  nlohmann::json revoke(const nlohmann::json& call);
  nlohmann::json rotate(const nlohmann::json& call);

  KeyBook& keys_;
  ApprovalStore& approvals_;
};

}  // namespace edge
