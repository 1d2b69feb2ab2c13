// The kinds of proof that `ehr-ledger check` knows, each in a file of its own.
#pragma once

#include <string>

#include "ledger-client/cli/trust.h"

namespace ledger::cli {

// What a check found: proven or not, for people and for programs.
struct Checked {
  bool proven = false;
  std::string for_people;  // ends with a line feed
  std::string json;        // an object
};

// A tlog-proof: that an entry is in a signed tree. `entry`: a file with the entry's bytes, or empty if the
// proof carries them. Throws UserError for what is no proof at all.
Checked check_inclusion(const std::string& file, const std::string& content, const std::string& entry,
                        const Trust& trust);

// JSON: that a log has signed two histories. The proof itself, an `equivocation` entry's line, or an alert
// that carries one, in any layout. Throws UserError for anything else.
Checked check_two_histories(const std::string& file, const std::string& content, const Trust& trust);

}  // namespace ledger::cli
