// Whether the key that signed a bundle still counted where the bundle is anchored: by the signer's own log
// (trust.md, When is a signature valid?).
#include <algorithm>
#include <filesystem>

#include "agent/adapters/ledger_answers.h"
#include "agent/cli/bundle_check.h"
#include "agent/cli/failure.h"
#include "agent/cli/output.h"
#include "ledger-client/core/key_validity.h"
#include "ledger-client/core/origin.h"
#include "ledger-client/store/log_reader.h"
#include "ledger-client/store/tiles.h"
#include "ledger-client/store/verify.h"

namespace edge::cli {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw Failure(EX_DATAERR, "key: " + what, "do not rely on this bundle");
}

[[noreturn]] void refuse_log(const std::string& what, const std::string& hint) {
  throw Failure(EX_DATAERR, "key: " + what, hint);
}

std::unique_ptr<ledger::LogSource> open_source(const std::filesystem::path& log) {
  try {
    if (std::filesystem::is_directory(log)) return std::make_unique<ledger::TileDirectory>(log);
    return std::make_unique<ledger::LogReader>(log);
  } catch (const ledger::UnreadableLog& error) {
    throw Failure(EX_NOINPUT, log.string() + ": " + error.what());
  }
}

std::vector<ledger::NoteKey> log_keys(const ledger::Member& member) {
  std::vector<ledger::NoteKey> keys;
  for (const auto& key : member.keys) {
    if (key.use != ledger::KeyUse::kLog) continue;
    if (auto parsed = ledger::NoteKey::from_vkey(key.public_text)) keys.push_back(std::move(*parsed));
  }
  return keys;
}

// The place of the bundle in this very log; nothing for a bundle whose anchor was not checked.
std::optional<ledger::AnchoredAt> place_in(const ledger::LogSource& log, const ledger::Checkpoint& tree,
                                           const std::optional<ProofReport>& proof) {
  if (!proof || !proof->anchor_checked) return std::nullopt;
  if (proof->index >= tree.size) refuse("the log given ends before the entry of the bundle");
  if (log.line(proof->index) != proof->entry) refuse("the log given holds another entry at that place");
  return ledger::AnchoredAt{proof->index, tree, {}};
}

}  // namespace

KeyStanding check_key_standing(const std::filesystem::path& file, const BundleReport& signer,
                               const std::optional<ProofReport>& proof,
                               const ledger::Federation& federation) {
  const auto address = ledger::Address::parse(signer.signer);
  const auto* member = address ? federation.find(*address) : nullptr;
  if (!member) refuse(signer.signer + " is not in the federation document");
  const auto log = open_source(file);
  const auto origin = ledger::parse_origin(log->origin());
  if (!origin || origin->address != member->address)
    refuse_log("the log given is that of " + printable(log->origin()) + ", not of " + signer.signer,
               "an agent's copy of another's log is " +
                   replica_file("", proof ? proof->origin : member->address.origin()).string() +
                   " of its state folder");
  const auto verified = ledger::verify_log(*log, log_keys(*member));
  if (verified.fault) refuse("the log given does not verify: " + verified.fault->reason);
  if (!verified.checkpoint) refuse("the log given has no signed checkpoint");
  const auto& tree = *verified.checkpoint;
  ledger::KeyEnds ends(log->origin());
  log->for_each_entry(0, tree.size, [&](const ledger::StoredEntry& stored) {
    if (const auto entry = ledger::parse_entry(stored.line)) ends.take(*entry);
    return true;
  });
  auto place = place_in(*log, tree, proof);
  const auto cutoff = member->cutoff_of(signer.key_id);
  if (place && cutoff && cutoff->origin == tree.origin) {
    const auto [smaller, larger] = std::minmax(tree.size, cutoff->size);
    const auto read = [&](unsigned level, std::uint64_t index) { return log->node(level, index); };
    if (larger > log->size()) refuse("the log given ends before the cutoff of the federation's revocation");
    if (smaller > 0 && smaller < larger) place->consistency = ledger::make_consistency(smaller, larger, read);
  }
  const auto judged = ledger::judge_signature(place, ends.of(signer.key_id), cutoff);
  if (judged.validity == ledger::Validity::kRefused) refuse(signer.key_id + ": " + judged.reason);
  return {judged.validity == ledger::Validity::kSuspect, judged.reason, tree.size};
}

std::optional<std::filesystem::path> kept_log(const std::filesystem::path& state_dir,
                                              const ProofReport& proof) {
  if (!proof.anchor_checked) return std::nullopt;
  for (const auto& file : {replica_file(state_dir, proof.origin), state_dir / "agent.db"}) {
    try {
      const ledger::LogReader log(file);
      if (log.origin() == proof.origin && proof.index < log.size()) return file;
    } catch (const std::exception&) {  // not there, or not for this user to read: then it is not checked
    }
  }
  return std::nullopt;
}

std::string check_key_without_log(const BundleReport& signer, const std::optional<ProofReport>& proof,
                                  const std::optional<ledger::Federation>& federation) {
  const auto address = ledger::Address::parse(signer.signer);
  const auto* member = federation && address ? federation->find(*address) : nullptr;
  const auto cutoff = member ? member->cutoff_of(signer.key_id) : std::nullopt;
  if (!cutoff) return "whether it had ended is in the signer's log (--log)";
  // A place in a log that was retired before can't be judged by numbers alone.
  const bool anchored = proof && proof->anchor_checked;
  if (!anchored || (proof->origin == cutoff->origin && proof->index >= cutoff->size))
    refuse(signer.key_id + ": " +
           ledger::judge_signature(
               anchored ? std::optional(ledger::AnchoredAt{proof->index, {}, {}}) : std::nullopt,
               std::nullopt, cutoff)
               .reason);
  return "the federation has revoked it; whether the entry lies below the cutoff is in the signer's log "
         "(--log)";
}

}  // namespace edge::cli
