#include "tests/support/ledger_status.h"

#include <nlohmann/json.hpp>

namespace test_support {

OwnLog own_log(const AgentProcess& agent) {
  const auto ledger = agent.command_json({"status"}).at("ledger");
  return {ledger.value("comparison", ""), ledger.value("frozen", ""), ledger.value("size", std::uint64_t{0}),
          ledger.value("witnessed", std::uint64_t{0})};
}

HeldLog log_at(const AgentProcess& agent, const AgentProcess& owner) {
  return log_at(agent, owner.address().origin());
}

HeldLog log_at(const AgentProcess& agent, const std::string& origin) {
  const auto status = agent.command_json({"status"});
  for (const auto& log : status.at("ledger").at("others")) {
    if (log.at("origin") != origin) continue;
    return {log.at("state"), log.at("held"), log.at("known"), log.at("witnessed")};
  }
  return {};
}

}  // namespace test_support
