#include "agent/daemon/control/ledger_commands.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/daemon/control/call.h"

namespace edge {

using nlohmann::json;

bool LedgerCommands::handle(const json& call, ControlChannel& channel) {
  const std::string command = call.value("command", "");
  if (command == "ledger.recover")
    channel.send('R', recover().dump());
  else if (command == "ledger.witnessed")
    channel.send('R', witnessed(call).dump());
  else
    return false;
  return true;
}

json LedgerCommands::recover() {
  require_broker(connected_);
  const auto recovered = network_.recover();
  if (!recovered) throw CallError{"failed", recovered.error().reason, "`ehr-agent status` shows the log"};
  return {{"result", *recovered}};
}

json LedgerCommands::witnessed(const json& call) {
  const auto address = ledger::Address::parse(call.value("address", ""));
  if (!address) throw CallError{"malformed", "the member is not an IP address", ""};
  const std::string note = network_.witnessed_note(*address);
  json answer{{"note", note}};
  for (const auto& log : network_.view().logs)
    if (log.origin == note.substr(0, note.find('\n'))) answer["known"] = std::max(log.held, log.known);
  return answer;
}

}  // namespace edge
