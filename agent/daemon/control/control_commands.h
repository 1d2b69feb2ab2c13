// Calls of the command line to the running agent (control_socket.h has the frames): each goes to the group of
// commands that knows it, and what a group throws becomes the caller's error, with a hint.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "agent/adapters/control_socket.h"

namespace edge {

// False if the command is none of the group's.
using CommandGroup = std::function<bool(const nlohmann::json& call, ControlChannel& channel)>;
// Of a class with `handle(call, channel)`, by value.
template <class Commands>
CommandGroup group_of(Commands commands) {
  return [commands](const nlohmann::json& call, ControlChannel& channel) mutable {
    return commands.handle(call, channel);
  };
}

// As thread-safe as the groups.
class ControlCommands {
 public:
  explicit ControlCommands(std::vector<CommandGroup> groups) : groups_(std::move(groups)) {}
  void handle(const Frame& call, ControlChannel& channel) const;

 private:
  std::vector<CommandGroup> groups_;
};

}  // namespace edge
