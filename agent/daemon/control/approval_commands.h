// What the command line may ask of the running agent about motions and votes: approval.propose, .list, .show,
// .vote; and the one gate before what several persons must approve. Thread-safe.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <vector>

#include "agent/adapters/approval_store.h"
#include "agent/adapters/control_socket.h"
#include "agent/config/config.h"
#include "agent/daemon/control/call.h"

namespace edge {

ApprovalPolicy approval_policy(const Config& config);

// Throws CallError (`approval-needed`, naming the motion) while votes lack; makes the motion if there is
// none. Granted: the caller does what was approved and uses the approval up, in one transaction where it has
// one.
Approval require_approval(ApprovalStore& store, const Deed& deed);
// All of them; a motion for each is made before the first that lacks votes is named.
std::vector<Approval> require_approvals(ApprovalStore& store, const std::vector<Deed>& deeds);
// All or none. Throws CallError if somebody else was faster.
void use_up(ApprovalStore& store, std::span<const Approval> approvals);

// Why `break_glass.allow` takes no effect; empty where it does, or is not set.
std::string why_glass_holds(ApprovalStore& store, bool configured);

class ApprovalCommands {
 public:
  // `check` throws CallError for a deed that can't be done anyway.
  explicit ApprovalCommands(ApprovalStore& store, std::function<void(const Deed&)> check = {})
      : store_(store), check_(std::move(check)) {}
  // False if the command is none of these. Throws CallError.
  bool handle(const nlohmann::json& call, ControlChannel& channel);
  // For the status: how many motions wait for votes, how many for what they allow.
  nlohmann::json summary();

 private:
  nlohmann::json propose(const nlohmann::json& call, ControlChannel& channel);
  nlohmann::json list(bool all);
  nlohmann::json vote(ControlChannel& channel);
  nlohmann::json describe(const MotionRow& row) const;

  ApprovalStore& store_;
  std::function<void(const Deed&)> check_;
};

}  // namespace edge
