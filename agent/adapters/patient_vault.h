// How the agent keeps what is about a patient in its own database: sealed to its own age recipient, or as a
// pseudonym (crypto.md 6.2) under a random key that itself lies sealed in agent_meta, so that the database
// alone tells nothing. Thread-safe.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "agent/adapters/agent_schema.h"
#include "agent/core/age/age.h"

namespace edge {

using Pseudonym = std::array<std::uint8_t, 16>;

class PatientVault {
 public:
  // `identities` are borrowed, the newest first. Makes the pseudonym key where there is none. Throws
  // std::runtime_error if none of the identities opens it.
  PatientVault(ledger::Journal& journal, const std::filesystem::path& database,
               std::vector<const age::Identity*> identities);

  ledger::Bytes seal(std::string_view text) const;
  // Throws std::runtime_error if no identity opens it.
  std::string open(ledger::ByteView sealed) const;
  // The same name for the same value of a kind, and no other.
  Pseudonym pseudonym(std::string_view kind, std::string_view value) const;

 private:
  std::vector<const age::Identity*> identities_;
  Secret key_;
};

}  // namespace edge
