// The daemon: wires the parts, runs until SIGTERM or SIGINT, drains and stops. SIGHUP reads the configuration
// again through `reload`. Returns the process's exit status.
#pragma once

#include <functional>

#include "agent/config/config.h"

namespace edge {

int run_service(const Config& config, const std::function<ledger::Result<Config>()>& reload);

}  // namespace edge
