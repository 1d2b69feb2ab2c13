// What the command line may ask of the running agent about consents: consent.grant, .revoke, .list, .import,
// .export, .explain, .forget, .sync; break-glass.list, .review. Patients, documents and notes travel in data
// frames, never in calls. Thread-safe.
#pragma once

#include <mutex>
#include <nlohmann/json_fwd.hpp>

#include "agent/adapters/break_glass_store.h"
#include "agent/adapters/consent_store.h"
#include "agent/adapters/control_socket.h"
#include "agent/adapters/his/sqlite_store.h"
#include "agent/daemon/consent_sync.h"
#include "agent/daemon/context.h"
#include "agent/daemon/control/approval_commands.h"
#include "agent/daemon/control/consent_json.h"

namespace edge {

class ConsentCommands {
 public:
  ConsentCommands(const Context& context, ConsentStore& consents, BreakGlassStore& glass,
                  his::SqliteStore& records, ConsentSync& from_his, ApprovalStore& approvals);

  // False if the command is none of these. Throws CallError.
  bool handle(const nlohmann::json& call, ControlChannel& channel);
  // Throws CallError for the review of something that waits for none: no motion is made of it.
  void check(const Deed& deed);
  // With a configuration read anew.
  void use(const Config& config);

 private:
  struct Policy {
    PeerGroups groups;
    bool break_glass_allowed = false;
  };
  struct Subject {
    std::optional<std::string> key;  // none: any patient
    std::string canonical;
    fhir::ConsentSubject written;
  };
  Policy policy() const;
  Subject find_patient(ControlChannel& channel) const;
  Subject subject_of(const fhir::ConsentDocument& document) const;
  void check_groups(const std::vector<ConsentRule>& rules) const;
  // Grants it, and answers with what that means beside the others in force.
  void record(const NewConsent& consent, ControlChannel& channel);

  void grant(const nlohmann::json& call, ControlChannel& channel);
  void import(const nlohmann::json& call, ControlChannel& channel);
  void list(const nlohmann::json& call, ControlChannel& channel);
  void export_one(const nlohmann::json& call, ControlChannel& channel);
  void explain_one(const nlohmann::json& call, ControlChannel& channel);
  void review(const nlohmann::json& call, ControlChannel& channel);
  std::string list_glass(const nlohmann::json& call);

  const Context& context_;
  ConsentStore& consents_;
  BreakGlassStore& glass_;
  his::SqliteStore& records_;
  ConsentSync& from_his_;
  ApprovalStore& approvals_;
  mutable std::mutex mutex_;  // of policy_
  Policy policy_;
};

// Groups of the configuration as the decision takes them.
PeerGroups groups_of(const Config& config);

}  // namespace edge
