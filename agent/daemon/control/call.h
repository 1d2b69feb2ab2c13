// What the commands of the control socket (control_socket.h) share: how a call fails, the data that follow
// one, and the members that several take. All throw CallError for what is not as it must be.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "agent/adapters/control_socket.h"
#include "agent/core/consent.h"
#include "agent/core/fhir/prepared.h"
#include "ledger-client/core/address.h"
#include "ledger-client/core/time_text.h"

namespace edge {

// A call that can't be served; becomes an 'E' frame.
struct CallError {
  std::string code, error, hint;
};

// The hint where no peer is to blame.
inline constexpr const char* kFaultHere =
    "the fault is on this side: `ehr-agent status` and the agent's log say more";

// For what is done through the broker.
void require_broker(const std::function<bool()>& connected);

// The data frame that must follow a call; `what` is missing where there is none.
std::string receive_data(ControlChannel& channel, const char* what);
// JSON of the data frame that names a patient: `system` and `value`, or `any`.
nlohmann::json receive_patient(ControlChannel& channel);
// Of such a JSON; one without a value is none.
fhir::Identifier identifier_of(const nlohmann::json& patient);

ledger::TimePoint time_of(const nlohmann::json& call, const char* name);
fhir::Section section_of(const std::string& name);
SectionSet sections_of(const nlohmann::json& names);
ledger::Address address_of(const std::string& text);

}  // namespace edge
