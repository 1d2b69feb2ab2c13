#include "agent/daemon/control/queue_commands.h"

#include <array>
#include <nlohmann/json.hpp>

#include "agent/daemon/control/call.h"

namespace edge {

using nlohmann::json;

namespace {

constexpr std::size_t kMaxListedDoubts = 1000;  // `status` counts them all

json outbound_json(const Outbound& outbound) {
  static constexpr std::array kStates{"open", "delivered", "failed", "dropped"};
  return {{"id", outbound.id},
          {"to", outbound.peer.text()},
          {"state", kStates.at(static_cast<std::size_t>(outbound.state))},
          {"since", ledger::format_time(outbound.created)},
          {"deadline", ledger::format_time(outbound.deadline)},
          {"bytes", outbound.payload.seal.ciphertext.size},
          {"entry", outbound.entry_index},
          {"reason", outbound.state == OutboundState::kOpen && outbound.reason.empty() ? "no receipt yet"
                                                                                       : outbound.reason}};
}

json outgoing_json(const Outgoing& row) {
  const bool waiting = row.state == OutgoingState::kSent;
  return {{"id", row.id},
          {"from", row.peer.text()},
          {"state", std::string(outgoing_state_text(row.state))},
          {"operation", std::string(operation_text(row.operation))},
          {"purpose", row.purpose},
          {"since", ledger::format_time(row.issued)},
          {"expires", ledger::format_time(row.expires)},
          {"code", row.code},
          {"reason", waiting && row.reason.empty() ? "no answer yet" : row.reason}};
}

json doubt_json(const Doubt& doubt) {
  json out{{"id", doubt.request},
           {"from", doubt.peer},
           {"state", std::string(doubt_text(doubt.validity))},
           {"received", ledger::format_time(doubt.received)},
           {"since", ledger::format_time(doubt.since)},
           {"reason", doubt.reason}};
  if (doubt.entry) out["entry"] = *doubt.entry;
  return out;
}

std::string changed(bool done) {
  if (!done)
    throw CallError{"not-found", "no unfinished transfer with this id", "`ehr-agent queue list` shows them"};
  return "{}";
}

}  // namespace

bool QueueCommands::handle(const json& call, ControlChannel& channel) {
  const std::string command = call.value("command", ""), id = call.value("id", "");
  if (command == "queue.list")
    channel.send('R', list());
  else if (command == "queue.show")
    channel.send('R', show(id));
  else if (command == "queue.retry")
    channel.send('R', changed(requester_.retry(id) || responder_.retry(id)));
  else if (command == "queue.drop")
    channel.send('R', changed(requester_.drop(id) || responder_.drop(id) || stores_.doubts.see(id)));
  else
    return false;
  return true;
}

std::string QueueCommands::list() {
  json outgoing = json::array(), outbound = json::array();
  for (const Outgoing& row : stores_.requests.list(false)) {
    json item = outgoing_json(row);
    if (row.state == OutgoingState::kSent && !connected_()) item["reason"] = "not connected to the broker";
    outgoing.push_back(std::move(item));
  }
  for (const Outbound& row : stores_.answers.list_outbound(false)) {
    outbound.push_back(outbound_json(row));
  }
  json in_doubt = json::array();
  for (const Doubt& doubt : stores_.doubts.list(false, kMaxListedDoubts))
    in_doubt.push_back(doubt_json(doubt));
  return json{{"requests", outgoing}, {"answers", outbound}, {"in_doubt", in_doubt}}.dump();
}

std::string QueueCommands::show(const std::string& id) {
  json shown = json::object();
  if (const auto row = stores_.requests.find(id)) shown["request"] = outgoing_json(*row);
  if (const auto doubt = stores_.doubts.find(id)) shown["in_doubt"] = doubt_json(*doubt);
  if (!shown.empty()) return shown.dump();
  const auto peer = stores_.answers.receiver_of(id);
  if (const auto row = peer ? stores_.answers.outbound(*peer, id) : std::nullopt)
    return json{{"answer", outbound_json(*row)}}.dump();
  throw CallError{"not-found", "no transfer with this id",
                  "`ehr-agent queue list` shows the unfinished ones"};
}

}  // namespace edge
