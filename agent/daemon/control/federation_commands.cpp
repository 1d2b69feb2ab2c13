#include "agent/daemon/control/federation_commands.h"

#include <nlohmann/json.hpp>

#include "agent/daemon/control/approval_commands.h"
#include "agent/daemon/control/call.h"

namespace edge {

using nlohmann::json;

bool FederationCommands::handle(const json& call, ControlChannel& channel) {
  const std::string command = call.value("command", "");
  if (command == "federation.show")
    show(channel);
  else if (command == "federation.publish")
    publish(call, channel);
  else
    return false;
  return true;
}

void FederationCommands::show(ControlChannel& channel) {
  channel.send_data(federation_.newest_text());
  channel.send('R', "{}");
}

// Nobody is asked about what is no newer version: it is published already, or can't be.
Approval FederationCommands::approve(const std::string& document) {
  const auto parsed = ledger::parse_federation_document(document);
  const auto current = ledger::parse_federation_document(federation_.newest_text());
  if (!parsed || !current || parsed->federation.version <= current->federation.version)
    return {true, std::nullopt};
  return require_approval(approvals_, publish_federation(parsed->federation.version, parsed->sha256));
}

// With `file`, the caller hands the document out himself: that needs the same approval, and is the one thing
// it allows.
void FederationCommands::publish(const json& call, ControlChannel& channel) {
  const std::string document = receive_data(channel, "federation document");
  const Approval approval = approve(document);
  if (call.value("file", false)) {
    use_up(approvals_, {&approval, 1});
    return channel.send('R', "{}");
  }
  const auto offer = federation_.offer(document);
  // Adopted first: published again, a version is known already.
  if (offer.fate == ledger::FederationFate::kAdopted) use_up(approvals_, {&approval, 1});
  switch (offer.fate) {
    case ledger::FederationFate::kAdopted:
    case ledger::FederationFate::kKnown:
      return channel.send('R', json{{"version", offer.version}}.dump());
    case ledger::FederationFate::kAhead:
      throw CallError{"malformed", "versions between this one and the one in force are missing", ""};
    case ledger::FederationFate::kOlder:
      throw CallError{"malformed", "it is older than the first version this agent was given", ""};
    default:
      throw CallError{"malformed", offer.reason, "`ehr-agent federation show` shows what is in force"};
  }
}

}  // namespace edge
