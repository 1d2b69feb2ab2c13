#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/cli/commands.h"
#include "agent/cli/daemon_call.h"
#include "agent/cli/output.h"

namespace edge::cli {
namespace {

void list(const Common& common) {
  const auto result = Daemon(common.load()).call({{"command", "queue.list"}});
  if (common.json) return print_json(result);
  bool any = false;
  for (const auto& [name, value] : result.items()) any = any || !value.is_array() || !value.empty();
  if (any)
    print_readable(result);
  else
    std::cout << "nothing is unfinished\n";
}

void with_id(const std::string& command, const std::string& id, const Common& common) {
  const auto result = Daemon(common.load()).call({{"command", command}, {"id", id}});
  if (common.json || !result.empty())
    common.json ? print_json(result) : print_readable(result);
  else
    std::cout << "done\n";
}

void add_verb(CLI::App& noun, Common& common, const std::string& verb, const std::string& what) {
  auto id = std::make_shared<std::string>();
  auto* command = add_command(noun, common, verb, what,
                              "ehr-agent queue " + verb + " 01932c07-8a5e-7cc1-9f0e-0123456789ab");
  command->add_option("ID", *id, "Id of the transfer, as `queue list` shows it")->required();
  command->callback([id, verb, &common] { with_id("queue." + verb, *id, common); });
}

}  // namespace

void add_queue(CLI::App& root, Common& common) {
  auto* noun = add_noun(root, "queue", "Transfers that have not ended");
  add_command(*noun, common, "list", "List every unfinished transfer with its reason", "ehr-agent queue list")
      ->callback([&common] { list(common); });
  add_verb(*noun, common, "show", "Show all that is known about a transfer");
  add_verb(*noun, common, "retry", "Try a transfer again now instead of at its next turn");
  add_verb(*noun, common, "drop", "Give a transfer up");
}

}  // namespace edge::cli
