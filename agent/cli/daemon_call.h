// One call to the running agent over its control socket.
#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "agent/adapters/control_socket.h"
#include "agent/config/config.h"

namespace edge::cli {

struct CallHandlers {
  std::function<void(std::string_view bytes)> data;              // 'D' frames, in order
  std::function<void(const nlohmann::json& progress)> progress;  // 'P' frames
};

// A connection to the agent, for one call after another.
class Daemon {
 public:
  // Throws Failure if no agent runs there or it does not admit us.
  explicit Daemon(const Config& config);

  // The result of `call`. `input` travels as a 'D' frame after the call: what must not be in a log. An 'E'
  // answer, a broken connection and `timeout` are Failures.
  nlohmann::json call(const nlohmann::json& call, const std::optional<std::string>& input = {},
                      const CallHandlers& handlers = {},
                      std::optional<std::chrono::milliseconds> timeout = {});

 private:
  ControlChannel channel_;
};

}  // namespace edge::cli
