// What the running service answers its command line.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/adapters/file_store.h"
#include "agent/daemon/control/approval_commands.h"
#include "agent/daemon/control/disclosure_commands.h"
#include "agent/daemon/control/federation_commands.h"
#include "agent/daemon/control/key_commands.h"
#include "agent/daemon/control/ledger_commands.h"
#include "agent/daemon/control/queue_commands.h"
#include "agent/daemon/control/request_commands.h"
#include "agent/daemon/ledger_view.h"
#include "agent/daemon/service_parts.h"

namespace edge {

using nlohmann::json;

namespace {

json disk_view(const Config& config, bool frozen) {
  const auto free = free_bytes(config.agent.state_dir);
  const std::uint64_t needed = std::max<std::uint64_t>(config.limits.min_free_bytes, 1);
  return {{"free_bytes", free.value_or(0)},
          {"new_work", !free            ? "refused: the state folder can't be reached"
                       : *free < needed ? "refused: no room"
                       : frozen         ? "refused: the ledger is frozen"
                                        : "taken"}};
}

}  // namespace

void Service::make_commands() {
  consent_sync_ = std::make_unique<ConsentSync>(context_, *consents_, *records_);
  consent_commands_ = std::make_unique<ConsentCommands>(context_, *consents_, *glass_, *records_,
                                                        *consent_sync_, *approvals_);
  const auto connected = [this] { return connection_->ready(); };
  const KeyCommands keys(keys_, *approvals_);
  const auto check = [this, keys](const Deed& deed) {
    keys.check(deed);
    consent_commands_->check(deed);
  };
  const auto status = [this](const json& call, ControlChannel& channel) {
    if (call.value("command", "") != "status") return false;
    channel.send('R', control_status());
    return true;
  };
  commands_ = std::make_unique<ControlCommands>(std::vector<CommandGroup>{
      status,
      group_of(RequestCommands(*requester_, *peer_calls_, *network_, connected)),
      group_of(QueueCommands(*requester_, *responder_, {*disclosures_, *requests_, *doubts_}, connected)),
      [this](const json& call, ControlChannel& channel) { return consent_commands_->handle(call, channel); },
      group_of(DisclosureCommands(context_, *trail_, *records_)),
      group_of(LedgerCommands(*network_, connected)),
      group_of(FederationCommands(*federation_, *approvals_)),
      group_of(ApprovalCommands(*approvals_, check)),
      group_of(keys),
  });
}

std::string Service::control_status() {
  const auto transport = connection_->counters();
  const std::string glass = why_glass_holds(*approvals_, glass_configured_);
  const auto in_doubt = doubts_->unseen();
  const LocalIdentity signing = keys_.identity();
  const std::string fault = signing.signer->fault();
  const json status{{"address", context_.self.address.text()},
                    {"version", EHR_VERSION},
                    {"state", draining_               ? "draining"
                              : !connection_->ready() ? "no broker"
                              : ready()               ? "ready"
                                                      : "comparing its ledger"},
                    {"boot", boot_},
                    {"since", since_},
                    {"disk", disk_view(config_, !journal_->frozen().empty())},
                    {"federation", federation_view()},
                    {"broker",
                     {{"url", config_.mqtt.url},
                      {"connected", connection_->ready()},
                      {"reconnects", transport.reconnects}}},
                    {"certificates", certificates_view()},
                    {"signing", {{"key", signing.kid}, {"fault", fault.empty() ? "none" : fault}}},
                    {"ledger", ledger_view(*journal_, network_->view())},
                    {"approvals", ApprovalCommands(*approvals_).summary()},
                    {"break_glass", !glass_configured_ ? "not allowed"
                                    : glass.empty()    ? "allowed"
                                                       : glass},
                    {"in_doubt", {{"suspect", in_doubt.suspect}, {"refused", in_doubt.refused}}},
                    {"queues",
                     {{"intake", queue_.depth(Stage::kInbound)},
                      {"work", queue_.depth(Stage::kWork)},
                      {"pending", requester_->pending()}}},
                    {"counters", json::parse(metrics_json(counters_, transport))}};
  return status.dump();
}

}  // namespace edge
