// What `ehr-agent status` says about logs, for tests of the ledger network.
#pragma once

#include <cstdint>
#include <string>

#include "tests/support/agent_process.h"

namespace test_support {

struct OwnLog {
  std::string comparison, frozen;
  std::uint64_t size = 0, witnessed = 0;
};
OwnLog own_log(const AgentProcess& agent);

struct HeldLog {
  std::string state;  // following, catching up, stale, frozen
  std::uint64_t held = 0, known = 0, witnessed = 0;
};
// What `agent` holds of `owner`'s log.
HeldLog log_at(const AgentProcess& agent, const AgentProcess& owner);
HeldLog log_at(const AgentProcess& agent, const std::string& origin);

}  // namespace test_support
