#include <CLI/CLI.hpp>

#include "ledger-client/cli/commands.h"
#include "ledger-client/cli/files.h"
#include "ledger-client/cli/proof_check.h"

namespace ledger::cli {
namespace {

struct CheckCommand {
  std::string proof;
  std::string entry;
};

Checked check(const CheckCommand& command, const Trust& trust) {
  const std::string content = read_input(command.proof);
  // Only one of the two kinds is JSON, and a tlog-proof begins with its name.
  const std::size_t start = content.find_first_not_of(" \t\r\n");
  if (start != content.npos && content[start] == '{')
    return check_two_histories(command.proof, content, trust);
  return check_inclusion(command.proof, content, command.entry, trust);
}

}  // namespace

void add_check(CLI::App& program, Options& options) {
  auto command = std::make_shared<CheckCommand>();
  auto* app = program.add_subcommand(
      "check",
      "Check a proof offline: that an entry is in a signed log, or that a log has signed two histories");
  app->add_option(
         "PROOF", command->proof,
         "Proof of inclusion (tlog-proof) or of equivocation (JSON: a proof, an `equivocation` entry, "
         "an alert), or - for standard input")
      ->required();
  app->add_option("--entry", command->entry, "The entry's bytes, for proofs that do not carry them");
  add_trust_options(*app, options);
  add_json_option(*app, options);
  app->footer(
      "The exit status is 0 only for what is proven.\n\nExamples:\n  ehr-ledger check receipt.tlog-proof "
      "--federation federation.json --sha256 4f0c…\n  ehr-ledger check two-histories.json --vkey "
      "ehr/10-20-0-5+1a2b3c4d+AaBb…");
  app->callback([command, &options] {
    const auto checked = check(*command, Trust::load(options.trust));
    if (!checked.proven) options.status = kBad;
    if (options.json) {
      *options.out << checked.json << '\n';
    } else {
      *options.out << checked.for_people;
    }
  });
}

}  // namespace ledger::cli
