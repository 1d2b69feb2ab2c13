// Whom the verifier trusts: log keys by origin, witness keys, and how many witnesses a policy demands.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ledger-client/cli/errors.h"
#include "ledger-client/cli/policy.h"
#include "ledger-client/core/federation.h"
#include "ledger-client/core/note.h"

namespace ledger::cli {

struct TrustOptions {
  std::string federation, federation_sha256, policy;
  std::vector<std::string> vkeys;
};

// How far the witnesses of a checkpoint go.
struct Quorum {
  std::optional<std::size_t> needed;  // how many; nothing where no document says, or a policy's groups do
  bool demanded = false;              // a policy's: without it a checkpoint is not taken
  bool met = true;
};

class Trust {
 public:
  // A federation document, a tlog-policy file or single verifier keys; without any of them the federation
  // document of this host. Throws UserError.
  static Trust load(const TrustOptions& options);
  // Nothing where no trust is given and this host has no federation document: for what can be shown without.
  static std::optional<Trust> load_if_any(const TrustOptions& options);

  // Throws UserError (kNotFound) if no key of that log is known.
  const std::vector<NoteKey>& keys_of(const std::string& origin) const;
  bool knows(const std::string& origin) const { return logs_.contains(origin); }
  std::vector<std::string> origins() const;
  const std::vector<NoteKey>& witnesses() const { return witnesses_; }
  // The key of that id that the federation document lists for the owner of a log; null if it lists none.
  const MemberKey* member_key(const std::string& origin, const std::string& key_id) const;
  // By the policy, else by the federation document.
  Quorum quorum(std::span<const NoteSigner> cosigners) const;
  // What the policy demands of a checkpoint; nothing without a policy.
  bool quorum_met(std::span<const NoteSigner> cosigners) const;
  // Whether these make a checkpoint witnessed: the policy's quorum, the federation's witness_quorum, else all
  // witnesses that were named.
  bool is_witnessed(std::span<const NoteSigner> cosigners) const;

 private:
  void add_federation(const std::string& file, const std::string& sha256);
  void add_policy(const std::string& file);
  void add_vkey(const std::string& vkey);

  std::map<std::string, std::vector<NoteKey>> logs_;
  std::vector<NoteKey> witnesses_;
  std::map<std::pair<Address, std::string>, MemberKey> member_keys_;
  std::optional<Policy> policy_;
  std::optional<std::size_t> federation_quorum_;
};

}  // namespace ledger::cli
