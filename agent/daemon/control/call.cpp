#include "agent/daemon/control/call.h"

#include <nlohmann/json.hpp>

#include "agent/core/fhir/section_names.h"
#include "ledger-client/core/canonical_json.h"

namespace edge {

using nlohmann::json;

std::string receive_data(ControlChannel& channel, const char* what) {
  auto frame = channel.receive();
  if (!frame || frame->kind != 'D') throw CallError{"malformed", std::string("no ") + what + " came", ""};
  return std::move(frame->payload);
}

void require_broker(const std::function<bool()>& connected) {
  if (connected()) return;
  throw CallError{"failed", "this agent is not connected to the broker",
                  "`ehr-agent status` shows the broker; the agent goes on trying"};
}

json receive_patient(ControlChannel& channel) {
  auto patient = ledger::parse_json(receive_data(channel, "patient identifier"), {64 * 1024, 4});
  if (!patient || !patient->is_object()) throw CallError{"malformed", "no patient identifier came", ""};
  return std::move(*patient);
}

fhir::Identifier identifier_of(const json& patient) {
  fhir::Identifier identifier{patient.value("system", ""), patient.value("value", "")};
  if (identifier.value.empty())
    throw CallError{"usage", "no patient identifier",
                    "give `system|value`, a value, or - for standard input"};
  return identifier;
}

ledger::TimePoint time_of(const json& call, const char* name) {
  const auto time = ledger::parse_time(call.at(name).get<std::string>());
  if (!time) throw CallError{"usage", std::string(name) + " is not a time", ""};
  return *time;
}

fhir::Section section_of(const std::string& name) {
  const auto section = fhir::section_from_name(name);
  if (!section) throw CallError{"usage", "there is no section `" + name + "`", ""};
  return *section;
}

SectionSet sections_of(const json& names) {
  SectionSet out;
  for (const auto& name : names) out.add(section_of(name));
  return out;
}

ledger::Address address_of(const std::string& text) {
  const auto address = ledger::Address::parse(text);
  if (!address) throw CallError{"usage", "`" + text + "` is not an IP address", ""};
  return *address;
}

}  // namespace edge
