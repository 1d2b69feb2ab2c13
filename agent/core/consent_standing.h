// What a permit still gives beside the denials in force: for those who record either. Pure and thread-safe.
#pragma once

#include "agent/core/consent.h"

namespace edge {

// A permitting rule that has not ended.
struct PermitStanding {
  std::string consent;
  std::size_t rule = 0;                   // 0 the first
  std::vector<std::string> exception_to;  // consents whose denials are wider and don't reach it
  std::vector<std::string> denied_by;     // consents whose denials take all it gives

  bool gives() const { return denied_by.empty(); }
};

// Of `consents`, each rule that permits something from `now` on, in their order. Where all are about one
// patient or about any, `of_one_patient` asks what is given of that one's records.
std::vector<PermitStanding> standing_permits(const std::vector<Consent>& consents, const PeerGroups& groups,
                                             ledger::TimePoint now, bool of_one_patient);

}  // namespace edge
