// What can be said about a bundle in a file, offline (bundle.md, Signature): its structure; its values, by
// its signature; its exact bytes and its ledger entry, by the proof beside it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger-client/core/federation.h"

namespace edge::cli {

struct Trust {
  std::optional<std::filesystem::path> ca;
  std::optional<ledger::Federation> federation;
  std::optional<std::filesystem::path> state_dir;  // of this machine's agent, which keeps copies of logs
};

struct BundleReport {
  std::string type;  // document or collection
  std::size_t entries = 0;
  std::string signer, key_id, signed_at;
  std::vector<std::string> vouched_by;  // "certificate", "federation": who says that the key is the signer's
  ledger::PublicKey key;
};

// Structure and signature. Throws Failure (EX_DATAERR) naming what is wrong with the bundle.
BundleReport check_signed_bundle(std::string_view bundle, const Trust& trust);

struct ProofReport {
  std::string from, to, request, issued;
  std::uint64_t bytes = 0;
  bool anchor_checked = false;  // needs the federation document: the log's key is only there
  std::string origin;
  std::uint64_t index = 0, checkpoint_size = 0, cosignatures = 0;
  bool witnessed = false;  // a quorum of them, as the federation document says
  std::string entry;       // the ledger's line
};

// That the signer of the bundle sent exactly these bytes, and where its ledger says so. `proof` is
// what bundle_proof.h says.
ProofReport check_proof(std::string_view bundle, std::string_view proof, const BundleReport& signer,
                        const Trust& trust);

// What the signer's own log, a database or a directory of tiles, says about the key.
struct KeyStanding {
  bool suspect = false;
  std::string reason;          // why it is suspect
  std::uint64_t log_size = 0;  // as far as the log given goes: a later entry may say more
};
// Throws Failure if the log is not the signer's, does not verify, or ended the key before the bundle was
// anchored. A bundle whose anchor was not checked counts as later than every end.
KeyStanding check_key_standing(const std::filesystem::path& log, const BundleReport& signer,
                               const std::optional<ProofReport>& proof, const ledger::Federation& federation);
// The copy of the log the proof names that this machine's agent keeps, if it reaches the bundle's entry.
std::optional<std::filesystem::path> kept_log(const std::filesystem::path& state_dir,
                                              const ProofReport& proof);
// Without a log: throws Failure if the federation's revocation alone says that the bundle does not count.
// Otherwise what the log has still to say.
std::string check_key_without_log(const BundleReport& signer, const std::optional<ProofReport>& proof,
                                  const std::optional<ledger::Federation>& federation);

}  // namespace edge::cli
