#include "agent/daemon/control/key_commands.h"

#include <nlohmann/json.hpp>

#include "agent/daemon/control/approval_commands.h"
#include "agent/daemon/control/call.h"

namespace edge {

using nlohmann::json;

namespace {

constexpr const char* kHint = "`ehr-agent federation show` lists the keys";

CallError not_done(const ledger::Problem& problem) {
  return {"failed", problem.reason, kHint};
}

std::optional<std::uint64_t> suspect_from(const json& what) {
  const auto from = what.find("suspect_from");
  return from == what.end() ? std::nullopt : std::optional(from->get<std::uint64_t>());
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

void KeyCommands::check(const Deed& deed) const {
  const bool revocation = deed.matter == ledger::matter::kKeysRevoke;
  if (!revocation && deed.matter != ledger::matter::kKeysRotate) return;
  if (const auto no = keys_.why_not_replace(deed.subject)) throw CallError{"not-found", no->reason, kHint};
  if (!revocation) return;
  const json what = json::parse(deed.payload);
  if (const auto no = keys_.why_not_revoke(deed.subject, what.value("reason", ""), suspect_from(what)))
    throw not_done(*no);
}

json KeyCommands::revoke(const json& call) {
  const std::string key = call.value("key", ""), reason = call.value("reason", "");
  const auto from = suspect_from(call);
  const Deed deed = revoke_key(key, reason, from);
  check(deed);
  const Approval approval = require_approval(approvals_, deed);
  const auto revoked = keys_.revoke(
      key, reason, from, [&](ledger::sqlite::Database& database) { approvals_.use_up(database, approval); });
  if (!revoked) throw not_done(revoked.error());
  return {{"index", revoked->index}, {"next", revoked->next}};
}

// Called twice: before the new keys are made, and with `use` before their announcement leaves the machine.
json KeyCommands::rotate(const json& call) {
  std::vector<Deed> deeds;
  for (const json& key : call.at("keys")) {
    deeds.push_back(rotate_key(key.get<std::string>(), call.at("overlap_days").get<std::uint64_t>()));
    if (!ledger::is_subject(deeds.back().subject)) throw CallError{"malformed", "no key's id", ""};
    check(deeds.back());
  }
  const auto approvals = require_approvals(approvals_, deeds);
  if (call.value("use", false)) use_up(approvals_, approvals);
  return json::object();
}

}  // namespace edge
