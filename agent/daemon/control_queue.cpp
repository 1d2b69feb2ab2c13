// What the control socket tells of transfers that have not ended, and of bundles in doubt.
#include <array>
#include <nlohmann/json.hpp>

#include "agent/daemon/control.h"

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

}  // namespace

std::string ControlCommands::queue_list() {
  json outgoing = json::array(), outbound = json::array();
  for (const Outgoing& row : requests_.list(false)) {
    json item = outgoing_json(row);
    if (row.state == OutgoingState::kSent && !connected_()) item["reason"] = "not connected to the broker";
    outgoing.push_back(std::move(item));
  }
  for (const Outbound& row : disclosures_.list_outbound(false)) {
    outbound.push_back(outbound_json(row));
  }
  json in_doubt = json::array();
  for (const Doubt& doubt : doubts_.list(false, kMaxListedDoubts)) in_doubt.push_back(doubt_json(doubt));
  return json{{"requests", outgoing}, {"answers", outbound}, {"in_doubt", in_doubt}}.dump();
}

std::string ControlCommands::queue_show(const std::string& id) {
  json shown = json::object();
  if (const auto row = requests_.find(id)) shown["request"] = outgoing_json(*row);
  if (const auto doubt = doubts_.find(id)) shown["in_doubt"] = doubt_json(*doubt);
  if (!shown.empty()) return shown.dump();
  const auto peer = disclosures_.receiver_of(id);
  if (const auto row = peer ? disclosures_.outbound(*peer, id) : std::nullopt)
    return json{{"answer", outbound_json(*row)}}.dump();
  throw CallError{"not-found", "no transfer with this id",
                  "`ehr-agent queue list` shows the unfinished ones"};
}

}  // namespace edge
