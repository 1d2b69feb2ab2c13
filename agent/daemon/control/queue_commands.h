// What the command line may ask of the running agent about transfers that have not ended, and bundles in
// doubt: queue.list, .show, .retry, .drop. Thread-safe.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "agent/adapters/control_socket.h"
#include "agent/adapters/doubt_store.h"
#include "agent/daemon/requester.h"
#include "agent/daemon/responder.h"

namespace edge {

class QueueCommands {
 public:
  struct Stores {
    DisclosureStore& answers;
    RequestStore& requests;
    DoubtStore& doubts;
  };
  QueueCommands(Requester& requester, Responder& responder, Stores stores, std::function<bool()> connected)
      : requester_(requester), responder_(responder), stores_(stores), connected_(std::move(connected)) {}
  // False if the command is none of these. Throws CallError.
  bool handle(const nlohmann::json& call, ControlChannel& channel);

 private:
  std::string list();
  std::string show(const std::string& id);

  Requester& requester_;
  Responder& responder_;
  Stores stores_;
  std::function<bool()> connected_;
};

}  // namespace edge
