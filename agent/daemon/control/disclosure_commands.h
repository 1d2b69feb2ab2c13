// What the command line may ask of the running agent about its audit trail: disclosures.list,
// disclosures.prune. Patients travel in data frames, never in calls. Thread-safe.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "agent/adapters/audit_trail.h"
#include "agent/adapters/control_socket.h"
#include "agent/adapters/his/sqlite_store.h"
#include "agent/daemon/context.h"

namespace edge {

class DisclosureCommands {
 public:
  DisclosureCommands(const Context& context, AuditTrail& trail, his::SqliteStore& records);

  // False if the command is none of these. Throws CallError.
  bool handle(const nlohmann::json& call, ControlChannel& channel);

 private:
  AuditPatient find_patient(ControlChannel& channel) const;
  void list(const nlohmann::json& call, ControlChannel& channel);
  void prune(const nlohmann::json& call, ControlChannel& channel);

  const Context& context_;
  AuditTrail& trail_;
  his::SqliteStore& records_;
};

}  // namespace edge
