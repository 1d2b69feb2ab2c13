// tlog-policy files (C2SP draft; formats.md 9): which logs and witnesses are trusted, and which witnesses
// make a quorum. Pure.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "ledger-client/core/note.h"

namespace ledger::cli {

struct Policy {
  std::vector<NoteKey> logs;
  std::map<std::string, NoteKey> witnesses;  // by the policy's own name
  struct Group {
    std::size_t needed = 0;
    std::vector<std::string> members;  // witnesses or groups
  };
  std::map<std::string, Group> groups;
  std::string quorum;  // a witness, a group, or "none"

  bool quorum_met(std::span<const NoteSigner> cosigners) const;
};

// Problem: the line and what is wrong with it.
Result<Policy> parse_policy(std::string_view text);

}  // namespace ledger::cli
