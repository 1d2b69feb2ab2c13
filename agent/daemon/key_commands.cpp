#include "agent/daemon/key_commands.h"

#include <nlohmann/json.hpp>

#include "agent/daemon/approval_commands.h"

namespace edge {

using nlohmann::json;

namespace {

CallError not_done(const ledger::Problem& problem) {
  return {"failed", problem.reason, "`ehr-agent federation show` lists the keys"};
}

}  // namespace

bool KeyCommands::handle(const json& call, ControlChannel& channel) {
  const std::string command = call.value("command", "");
  if (command == "keys.revoke")
    channel.send('R', revoke(call).dump());
  else if (command == "keys.rotate")
    channel.send('R', rotate(call).dump());
  else
    return false;
  return true;
}

json KeyCommands::revoke(const json& call) {
  const std::string key = call.value("key", ""), reason = call.value("reason", "");
  std::optional<std::uint64_t> suspect_from;
  if (const auto from = call.find("suspect_from"); from != call.end())
    suspect_from = from->get<std::uint64_t>();
  // No motion about what can't be done anyway.
  if (const auto no = keys_.why_not_revoke(key, reason, suspect_from)) throw not_done(*no);
  const Approval approval = require_approval(approvals_, revoke_key(key, reason, suspect_from));
  const auto revoked = keys_.revoke(key, reason, suspect_from, [&](ledger::sqlite::Database& database) {
    approvals_.use_up(database, approval);
  });
  if (!revoked) throw not_done(revoked.error());
  return {{"index", revoked->index}, {"next", revoked->next}};
}

// Called twice: before the new keys are made, and with `use` before their announcement leaves the machine.
json KeyCommands::rotate(const json& call) {
  std::vector<Deed> deeds;
  for (const json& key : call.at("keys")) {
    deeds.push_back(rotate_key(key.get<std::string>(), call.at("overlap_days").get<std::uint64_t>()));
    if (!ledger::is_subject(deeds.back().subject)) throw CallError{"malformed", "no key's id", ""};
  }
  const auto approvals = require_approvals(approvals_, deeds);
  if (call.value("use", false)) use_up(approvals_, approvals);
  return json::object();
}

}  // namespace edge
