// What an admin proposes, as a change of the payload of the federation document (trust.md). Pure and
// thread-safe.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "agent/core/key_change.h"
#include "ledger-client/core/federation.h"

namespace edge {

struct FederationChanges {
  using Of = std::pair<std::string, std::string>;  // a member's address, and what is said of it

  std::vector<std::string> join;  // member objects, JSON; one with a known address takes its place
  std::vector<std::pair<std::string, ledger::MemberStatus>> status;
  std::vector<std::pair<std::string, ledger::Cutoff>> cutoffs;  // of members revoked
  std::vector<std::pair<Of, ledger::Cutoff>> revoke_keys;       // key id, cutoff
  std::vector<Of> roles;                                        // roles joined by commas; empty for none
  std::vector<Of> names;
  std::vector<Of> add_keys;                                // key objects, JSON
  std::vector<std::pair<Of, ledger::TimePoint>> end_keys;  // key id, end
  std::vector<KeyChange> rotate;                           // verified announcements of members
  std::vector<Of> add_admins;  // id, key as base64url; a known id gets the new key
  std::vector<std::string> remove_admins;
  std::optional<std::uint64_t> threshold, witness_quorum;
  std::optional<std::string> ca_spki_sha256;

  bool empty() const;
};

// The canonical payload of the version after one with this canonical payload. A Problem names the change that
// can't be made.
ledger::Result<std::string> next_payload(std::string_view current, const FederationChanges& changes);

// The canonical payload of version 1: nobody there yet but what `changes` adds.
ledger::Result<std::string> first_payload(const FederationChanges& changes);

}  // namespace edge
