// The agent's own log and what it holds of others'. Looking at entries is ehr-ledger's.
#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/adapters/log_retirement.h"
#include "agent/cli/commands.h"
#include "agent/cli/daemon_call.h"
#include "agent/cli/failure.h"
#include "agent/cli/output.h"
#include "ledger-client/core/entry_rules.h"

namespace edge::cli {
namespace {

void recover(const Common& common) {
  const auto result = Daemon(common.load()).call({{"command", "ledger.recover"}});
  common.json ? print_json(result) : void(std::cout << result.value("result", "") << '\n');
}

void retire(const Common& common, const std::string& reason) {
  const Config config = common.load();
  const RetiredLog retired = retire_log(
      {config.agent.state_dir, config.ledger.guard, config.keys.dir, *config.agent.address}, reason);
  if (common.json) {
    return print_json({{"retired", retired.old_origin},
                       {"size", retired.size},
                       {"origin", retired.new_origin},
                       {"key", retired.key_id},
                       {"public", retired.vkey}});
  }
  std::cout << "ended: " << retired.old_origin << " with " << retired.size << " entries; a copy stays in "
            << retired.copy.string() << "\nbegun: " << retired.new_origin << "\n\nNext:\n"
            << "  1. Let the federation's administrators add this key to the member "
            << config.agent.address->text() << ":\n"
            << "     {\"id\":\"" << retired.key_id << "\",\"use\":\"log\",\"public\":\"" << retired.vkey
            << "\",\"from\":…}\n"
            << "  2. Put the new federation document in place and start the agent: its first entry names the "
               "old log's end.\n";
}

}  // namespace

void add_ledger(CLI::App& root, Common& common) {
  auto* noun = add_noun(root, "ledger", "This agent's own log after an accident");
  add_command(*noun, common, "recover",
              "Fetch entries that are missing or damaged here back from the other members",
              "ehr-agent ledger recover")
      ->callback([&common] { recover(common); });
  auto reason = std::make_shared<std::string>();
  auto* command = add_command(*noun, common, "retire",
                              "The last way out: end this log, which can't be continued, and begin the next "
                              "one with a key of its own. The agent must not be running",
                              "ehr-agent ledger retire --reason entries-lost");
  command
      ->add_option("--reason", *reason, "Why, for everybody to read: it goes into the new log's first entry")
      ->required()
      ->check(CLI::IsMember({std::string(ledger::retirement_reason::kEntriesLost),
                             std::string(ledger::retirement_reason::kTwoHistories),
                             std::string(ledger::retirement_reason::kKeyCompromised)}));
  command->callback([reason, &common] { retire(common, *reason); });
}

}  // namespace edge::cli
