#include <nlohmann/json.hpp>

#include "ledger-client/cli/files.h"
#include "ledger-client/cli/print.h"
#include "ledger-client/cli/proof_check.h"
#include "ledger-client/core/checkpoint.h"
#include "ledger-client/core/proof_file.h"
#include "ledger-client/core/time_text.h"

namespace ledger::cli {
namespace {

struct Inclusion {
  std::string origin;
  std::string line;
  std::uint64_t index = 0;
  std::vector<NoteSigner> cosigners;
  Quorum quorum;
  std::string problem;  // empty: proven
};

std::string entry_bytes(const std::string& entry_file, const ProofFile& proof) {
  if (!entry_file.empty()) return read_input(entry_file);
  if (proof.extra) return std::string(as_text(*proof.extra));
  throw UserError(kUsage, "the proof file does not carry its entry", "give it with --entry FILE");
}

Inclusion judge(const std::string& file, const std::string& content, const std::string& entry_file,
                const Trust& trust) {
  const auto proof = parse_proof_file(content);
  if (!proof)
    throw UserError(kMalformed,
                    (file == "-" ? "standard input" : file) + " is no proof file: " + proof.error().reason);
  const auto note = parse_note(proof->note);
  const auto claimed = note ? parse_checkpoint(note->text) : Result<Checkpoint>(note.error());
  if (!claimed) throw UserError(kMalformed, file + ": its checkpoint: " + claimed.error().reason);
  Inclusion found;
  found.origin = claimed->origin;
  found.line = entry_bytes(entry_file, *proof);
  found.index = proof->index;
  const auto opened =
      open_checkpoint_of(proof->note, claimed->origin, trust.keys_of(claimed->origin), trust.witnesses());
  if (!opened) {
    found.problem = "the checkpoint is not signed by the log: " + opened.error().reason;
    return found;
  }
  found.cosigners = opened->cosigners;
  found.quorum = trust.quorum(opened->cosigners);
  if (!verify_inclusion(proof->index, opened->checkpoint.size, leaf_hash(as_bytes(found.line)),
                        proof->inclusion, opened->checkpoint.root)) {
    found.problem = "the entry is not in the signed tree at index " + std::to_string(proof->index);
  } else if (found.quorum.demanded && !found.quorum.met) {
    found.problem = "the checkpoint lacks the policy's quorum of witnesses";
  }
  return found;
}

// Of a cosignature; what no calendar holds is shown as the number it is.
std::string time_of(const NoteSigner& cosigner) {
  constexpr std::uint64_t kYear10000 = 253'402'300'800;
  if (cosigner.timestamp >= kYear10000) return std::to_string(cosigner.timestamp);
  return format_time(TimePoint{std::chrono::seconds{cosigner.timestamp}});
}

std::string quorum_for_people(const Quorum& quorum) {
  if (quorum.needed) {
    return "quorum of " + std::to_string(*quorum.needed) + ": " + (quorum.met ? "reached" : "not reached") +
           '\n';
  }
  if (quorum.demanded)
    return std::string("quorum of the policy: ") + (quorum.met ? "reached\n" : "not reached\n");
  return {};
}

std::string for_people(const Inclusion& found) {
  const std::string entry = "entry " + std::to_string(found.index) + " of " + found.origin;
  std::string text = found.problem.empty() ? "good: " + entry + ", " : "BAD: " + entry + ": " + found.problem;
  if (found.problem.empty()) {
    const std::size_t count = found.cosigners.size();
    text +=
        std::to_string(count) + (count == 1 ? " witness\n" : " witnesses\n") + entry_for_people(found.line);
  }
  text += '\n';
  for (const NoteSigner& cosigner : found.cosigners)
    text += "cosigned by " + cosigner.key.name + " at " + time_of(cosigner) + '\n';
  return text + quorum_for_people(found.quorum);
}

std::string as_json(const Inclusion& found) {
  const bool good = found.problem.empty();
  nlohmann::json json{{"kind", "inclusion"},
                      {"good", good},
                      {"origin", found.origin},
                      {"index", found.index},
                      {"witnesses", found.cosigners.size()},
                      {"cosigners", nlohmann::json::array()},
                      {"quorum", {{"reached", found.quorum.met}}}};
  if (found.quorum.needed) json["quorum"]["needed"] = *found.quorum.needed;
  for (const NoteSigner& cosigner : found.cosigners)
    json["cosigners"].push_back({{"name", cosigner.key.name}, {"time", time_of(cosigner)}});
  if (good) json["entry"] = entry_as_json(found.line);
  if (!good) json["reason"] = found.problem;
  return json.dump(2);
}

}  // namespace

Checked check_inclusion(const std::string& file, const std::string& content, const std::string& entry,
                        const Trust& trust) {
  const Inclusion found = judge(file, content, entry, trust);
  return {found.problem.empty(), for_people(found), as_json(found)};
}

}  // namespace ledger::cli
