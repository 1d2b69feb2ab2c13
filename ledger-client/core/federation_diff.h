// What changes from one version of the federation document to the next, for people to read before they sign,
// with warnings about what is easily overlooked. Pure and thread-safe.
#pragma once

#include "ledger-client/core/federation.h"

namespace ledger {

struct FederationChange {
  enum class Kind { kAdded, kRemoved, kChanged, kWarning };
  Kind kind = Kind::kChanged;
  std::string subject;        // "threshold", "admin alice", "member 10.20.0.5"
  std::string field;          // "status", "key sign-2"; empty: the subject itself
  std::string before, after;  // empty where there is none; of a warning, `after` is the sentence
};

// `before` is null for a first version: everything joins. In the order of the document: what governs, admins,
// members by address; warnings last.
std::vector<FederationChange> diff_federations(const Federation* before, const Federation& after);

// Lines of text, each with its LF: `+` joins, `-` leaves, `~` changes, `!` warns.
std::string changes_text(const std::vector<FederationChange>& changes);
// A JSON array of {"change","subject","field"?,"before"?,"after"?}; change: added, removed, changed, warning.
std::string changes_json(const std::vector<FederationChange>& changes);

}  // namespace ledger
