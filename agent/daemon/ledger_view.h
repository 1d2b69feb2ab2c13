// What the agent shows of logs: its own and the ones it follows. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "agent/daemon/ledger_network.h"

namespace edge {

// The `ledger` member of `ehr-agent status`.
nlohmann::json ledger_view(const ledger::Journal& journal, const NetworkView& network);

}  // namespace edge
