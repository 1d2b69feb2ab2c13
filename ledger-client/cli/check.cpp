#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "ledger-client/cli/commands.h"
#include "ledger-client/cli/files.h"
#include "ledger-client/cli/print.h"
#include "ledger-client/core/proof_file.h"
#include "ledger-client/store/verify.h"

namespace ledger::cli {
namespace {

struct CheckCommand {
  std::string proof;
  std::string entry;
};

struct Checked {
  std::string origin;
  std::string line;
  std::uint64_t index = 0;
  std::size_t witnesses = 0;
  std::string problem;  // empty: proven
};

std::string entry_bytes(const CheckCommand& command, const ProofFile& proof) {
  if (!command.entry.empty()) return read_input(command.entry);
  if (proof.extra) return std::string(as_text(*proof.extra));
  throw UserError(kUsage, "the proof file does not carry its entry", "give it with --entry FILE");
}

Checked check(const CheckCommand& command, const Trust& trust) {
  const auto proof = parse_proof_file(read_input(command.proof));
  if (!proof) throw UserError(kMalformed, command.proof + " is no proof file: " + proof.error().reason);
  const auto note = parse_note(proof->note);
  const auto claimed = note ? parse_checkpoint(note->text) : Result<Checkpoint>(note.error());
  if (!claimed) throw UserError(kMalformed, command.proof + ": its checkpoint: " + claimed.error().reason);
  Checked checked{claimed->origin, entry_bytes(command, *proof), proof->index, 0, {}};
  const auto opened =
      open_checkpoint_of(proof->note, claimed->origin, trust.keys_of(claimed->origin), trust.witnesses());
  if (!opened) {
    checked.problem = "the checkpoint is not signed by the log: " + opened.error().reason;
    return checked;
  }
  checked.witnesses = opened->cosigners.size();
  if (!verify_inclusion(proof->index, opened->checkpoint.size, leaf_hash(as_bytes(checked.line)),
                        proof->inclusion, opened->checkpoint.root)) {
    checked.problem = "the entry is not in the signed tree at index " + std::to_string(proof->index);
  } else if (!trust.quorum_met(opened->cosigners)) {
    checked.problem = "the checkpoint lacks the policy's quorum of witnesses";
  }
  return checked;
}

}  // namespace

void add_check(CLI::App& program, Options& options) {
  auto command = std::make_shared<CheckCommand>();
  auto* app = program.add_subcommand("check", "Check a proof offline: inclusion of an entry in a signed log");
  app->add_option("PROOF", command->proof, "Proof file (tlog-proof), or - for standard input")->required();
  app->add_option("--entry", command->entry, "The entry's bytes, for proofs that do not carry them");
  add_trust_options(*app, options);
  add_json_option(*app, options);
  app->footer("Example:\n  ehr-ledger check receipt.tlog-proof --federation federation.json --sha256 4f0c…");
  app->callback([command, &options] {
    const auto checked = check(*command, Trust::load(options.trust));
    const bool good = checked.problem.empty();
    if (!good) options.status = kBad;
    if (options.json) {
      nlohmann::json json{{"good", good},
                          {"origin", checked.origin},
                          {"index", checked.index},
                          {"witnesses", checked.witnesses}};
      if (good) json["entry"] = entry_as_json(checked.line);
      if (!good) json["reason"] = checked.problem;
      *options.out << json.dump(2) << '\n';
    } else if (good) {
      *options.out << "good: entry " << checked.index << " of " << checked.origin << ", " << checked.witnesses
                   << (checked.witnesses == 1 ? " witness" : " witnesses") << '\n'
                   << entry_for_people(checked.line) << '\n';
    } else {
      *options.out << "BAD: entry " << checked.index << " of " << checked.origin << ": " << checked.problem
                   << '\n';
    }
  });
}

}  // namespace ledger::cli
