// The daemon: wires the parts, runs until SIGTERM or SIGINT, drains and stops. Returns the process's exit
// status.
#pragma once

#include "agent/config/config.h"

namespace edge {

int run_service(const Config& config);

}  // namespace edge
