// Records that were opened in an emergency, until a person has looked at each.
#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/cli/commands.h"
#include "agent/cli/daemon_call.h"
#include "agent/cli/failure.h"
#include "agent/cli/output.h"
#include "ledger-client/core/plain_text.h"

namespace edge::cli {
namespace {

using nlohmann::json;

void list(bool all, const Common& common) {
  const auto result = Daemon(common.load()).call({{"command", "break-glass.list"}, {"all", all}});
  if (common.json) return print_json(result);
  const json& uses = result.at("uses");
  if (uses.empty()) std::cout << (all ? "the glass was never broken\n" : "nothing waits for a review\n");
  for (const json& use : uses) {
    print_readable(use);
    std::cout << '\n';
  }
}

void review(std::uint64_t entry, const std::string& by, const std::string& note, const Common& common) {
  if (!ledger::says_something(by) || !ledger::says_something(note))
    throw Failure(EX_USAGE, "--by and --note must say something");
  const auto result = Daemon(common.load())
                          .call({{"command", "break-glass.review"}, {"entry", entry}},
                                json{{"by", by}, {"note", note}}.dump());
  common.json ? print_json(result) : print_readable(result);
}

}  // namespace

void add_break_glass(CLI::App& root, Common& common) {
  auto* noun = add_noun(root, "break-glass", "Records opened in an emergency, without a consent");
  auto all = std::make_shared<bool>(false);
  auto* lists =
      add_command(*noun, common, "list", "List the uses nobody has reviewed", "ehr-agent break-glass list");
  lists->add_flag("--all", *all, "Reviewed ones too");
  lists->callback([all, &common] { list(*all, common); });

  auto entry = std::make_shared<std::uint64_t>(0);
  auto by = std::make_shared<std::string>(), note = std::make_shared<std::string>();
  auto* reviews =
      add_command(*noun, common, "review", "Record that a person has reviewed a use; anchored",
                  "ehr-agent break-glass review 41 --by 'Dr. Weber' --note 'justified: unconscious'");
  reviews->add_option("ID", *entry, "Ledger entry of the use, as `break-glass list` and the alert name it")
      ->required();
  reviews->add_option("--by", *by, "Who reviewed it")->required()->type_name("NAME");
  reviews->add_option("--note", *note, "What they found")->required()->type_name("TEXT");
  reviews->callback([entry, by, note, &common] { review(*entry, *by, *note, common); });
}

}  // namespace edge::cli
