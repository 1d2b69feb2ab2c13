#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "ledger-client/cli/commands.h"
#include "ledger-client/cli/files.h"
#include "ledger-client/cli/print.h"
#include "ledger-client/core/proof_file.h"
#include "ledger-client/store/verify.h"

namespace ledger::cli {
namespace {

struct ProveCommand {
  std::string origin;
  std::uint64_t index = 0;
  std::string output;
};

// Proves against stored nodes and checks the result before it is handed out: a damaged database makes no
// proof.
ProofFile make_proof(const LogSource& log, std::uint64_t index, const std::string& line,
                     const std::vector<NoteKey>& keys) {
  const auto note = log.newest_checkpoint_note();
  const auto opened = note ? open_checkpoint_of(*note, log.origin(), keys)
                           : Result<SignedCheckpoint>(Problem{"there is none"});
  if (!opened)
    throw UserError(kBad, "the checkpoint of " + log.origin() + ": " + opened.error().reason,
                    "`ehr-ledger verify` says more");
  const auto& checkpoint = opened->checkpoint;
  if (index >= checkpoint.size)
    throw UserError(kNotFound, "the newest checkpoint does not cover entry " + std::to_string(index));
  const auto read = [&](unsigned level, std::uint64_t at) { return log.node(level, at); };
  ProofFile proof{to_bytes(as_bytes(line)), index, make_inclusion(index, checkpoint.size, read), *note};
  if (!verify_inclusion(index, checkpoint.size, leaf_hash(as_bytes(line)), proof.inclusion,
                        checkpoint.root)) {
    throw UserError(kBad, "entry " + std::to_string(index) + " does not lead to the signed root",
                    "`ehr-ledger verify` names the first bad entry");
  }
  return proof;
}

void prove(const ProveCommand& command, Options& options) {
  const auto trust = Trust::load(options.trust);
  const auto log = open_log(options, command.origin);
  const auto line = log->line(command.index);
  if (!line)
    throw UserError(kNotFound, "the log " + log->origin() + " has no entry " + std::to_string(command.index),
                    "it has " + std::to_string(log->size()) + " entries, counted from 0");
  const auto proof = make_proof(*log, command.index, *line, trust.keys_of(log->origin()));
  const auto text = encode_proof_file(proof);
  const auto file =
      command.output.empty() ? "entry-" + std::to_string(command.index) + ".tlog-proof" : command.output;
  if (file == "-") {
    *options.out << text;
    return;
  }
  write_output(file, text);
  write_output(file + ".entry", *line);
  if (options.json) {
    *options.out << nlohmann::json{{"origin", log->origin()},
                                   {"index", command.index},
                                   {"proof", file},
                                   {"entry", file + ".entry"}}
                        .dump(2)
                 << '\n';
  } else {
    *options.out << entry_for_people(*line) << "\nproof  " << file << "\nentry  " << file << ".entry\n";
  }
}

}  // namespace

void add_prove(CLI::App& program, Options& options) {
  auto command = std::make_shared<ProveCommand>();
  auto* app =
      program.add_subcommand("prove", "Write a proof that an entry is in the log, to be checked offline");
  app->add_option("ORIGIN", command->origin, "Log: an address, its topic form or an origin")->required();
  app->add_option("INDEX", command->index, "Entry, counted from 0")->required()->check(entry_index());
  app->add_option(
      "-o,--output", command->output,
      "Proof file (default: entry-INDEX.tlog-proof); the entry goes to FILE.entry; - prints the proof");
  add_source_options(*app, options, false);
  add_trust_options(*app, options);
  add_json_option(*app, options);
  app->footer(
      "The file is a c2sp.org/tlog-proof@v1; its extra line holds the entry.\n\nExample:\n  ehr-ledger prove "
      "10.20.0.5 41 -o receipt.tlog-proof");
  app->callback([command, &options] { prove(*command, options); });
}

}  // namespace ledger::cli
