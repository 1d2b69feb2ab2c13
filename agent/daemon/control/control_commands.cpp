#include "agent/daemon/control/control_commands.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/adapters/approval_store.h"
#include "agent/adapters/file_store.h"
#include "agent/daemon/control/call.h"
#include "ledger-client/core/canonical_json.h"

namespace edge {

using nlohmann::json;

namespace {

void send_error(ControlChannel& channel, const CallError& error) {
  channel.send('E', json{{"code", error.code}, {"error", error.error}, {"hint", error.hint}}.dump());
}

}  // namespace

void ControlCommands::handle(const Frame& call, ControlChannel& channel) const {
  try {
    const auto parsed = ledger::parse_json(call.payload, {64 * 1024, 8});
    if (call.kind != 'C' || !parsed || !parsed->is_object()) throw CallError{"malformed", "not a call", ""};
    const auto knows = [&](const CommandGroup& group) { return group(*parsed, channel); };
    if (!std::any_of(groups_.begin(), groups_.end(), knows))
      throw CallError{"unsupported", "unknown command", "is the command line newer than the running agent?"};
  } catch (const CallError& error) {
    send_error(channel, error);
  } catch (const ApprovalStore::UsedUp&) {
    send_error(channel, {"invalid", "what the motion allows has been done",
                         "`ehr-agent approval list --all` shows the motions"});
  } catch (const json::exception&) {
    send_error(channel, {"malformed", "a member of the call has the wrong type", ""});
  } catch (const UnusableKey& fault) {
    send_error(channel, {"failed", std::string("the signing key can't be used: ") + fault.what(),
                         "put the token back; signing goes on without a restart"});
  } catch (const NoRoom& fault) {
    send_error(channel, {"disk-full", fault.what(), ""});
  } catch (const Unavailable& fault) {
    send_error(channel, {"failed", fault.what(), "`ehr-agent status` shows the agent's state"});
  }
}

}  // namespace edge
