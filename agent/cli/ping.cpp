#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/cli/arguments.h"
#include "agent/cli/commands.h"
#include "agent/cli/daemon_call.h"
#include "agent/cli/output.h"

namespace edge::cli {
namespace {

constexpr std::chrono::milliseconds kPatience{10'000};
constexpr std::chrono::seconds kGrace{5};

struct Options {
  std::string peer, timeout;
};

void ping(const Options& options, const Common& common) {
  const auto patience = parsed_timeout(options.timeout).value_or(kPatience);
  const nlohmann::json call{
      {"command", "ping"}, {"peer", checked_peer("PEER", options.peer)}, {"timeout_ms", patience.count()}};
  const auto result = Daemon(common.load()).call(call, {}, {}, patience + kGrace);
  if (common.json) return print_json(result);
  std::cout << printable(result.value("peer", "")) << ": " << result.value("milliseconds", 0.0)
            << " ms, ehr-agent " << printable(result.value("version", "")) << '\n';
}

}  // namespace

void add_ping(CLI::App& root, Common& common) {
  auto options = std::make_shared<Options>();
  auto* command = add_command(
      root, common, "ping", "Ask a peer's agent for a sign of life, through all that a request goes through",
      "ehr-agent ping 10.20.0.6");
  command->add_option("PEER", options->peer, "IP address of the agent to ask")->required();
  command->add_option("--timeout", options->timeout, "Wait at most this long (10s if not given)")
      ->type_name("DURATION");
  command->callback([options, &common] { ping(*options, common); });
}

}  // namespace edge::cli
