// What the agent says about itself: the retained status (and its Last Will), metrics, descriptor.
// Informational; nothing about a patient.
#pragma once

#include <string>

#include "agent/daemon/context.h"
#include "ledger-client/store/journal.h"

namespace edge {

struct StatusFacts {
  std::string state;  // init, ready, draining, stopped, lost
  std::uint64_t boot = 0;
  std::string since;
  ledger::Checkpoint checkpoint;
  std::size_t intake = 0, work = 0, pending = 0;
};
std::string status_json(const StatusFacts& facts);
// The Will carries the boot counter of its birth, so that a late one can't mark a restarted agent dead.
std::string will_json(std::uint64_t boot);
std::string metrics_json(const Counters& counters, const mqtt_transport::Connection::Counters& transport);
// JWS of what this agent offers.
std::string descriptor_jws(const Context& context, const std::string& name);

}  // namespace edge
