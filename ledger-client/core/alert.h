// The message on `…/alerts`: what happened, where it is anchored, which log it is about; never anything about
// a patient (schemas/alert.schema.json). It is not signed: a receiver checks what it can (the evidence, or
// the entry on the sender's log), and an alert that is false does nothing. Pure and thread-safe.
#pragma once

#include "ledger-client/core/equivocation.h"
#include "ledger-client/core/time_text.h"

namespace ledger {

inline constexpr std::size_t kMaxAlertBytes = kMaxEquivocationBytes + 512;

enum class AlertCode {
  kEquivocation,          // a log has signed two histories: with evidence
  kRollback,              // a log is shorter than what somebody remembers of it
  kStale,                 // a log's checkpoint is not refreshed any more
  kFresh,                 // it is again
  kBreakGlass,            // access without consent was used
  kFailedAudit,           // a store could not show that it holds the data
  kFrozen,                // nothing more is taken from a log
  kRecovered,             // a log that was frozen or rolled back goes on
  kFederationForged,      // a federation document was shown that is not what it says
  kFederationForked,      // admins have signed two documents of one version
  kFederationRolledBack,  // a member shows an older version than it did
  kFederationWithheld,    // a newer version is in use somewhere, and nobody shows it
  kBundlesInDoubt         // what was received with a signature of that log's owner no longer counts for sure
};
std::string_view alert_code_text(AlertCode code);  // `equivocation`, …, as in the message

struct Alert {
  AlertCode code = AlertCode::kStale;
  std::optional<std::uint64_t> index;    // of the entry on the sender's log that anchors it
  std::optional<std::string> origin;     // the log it is about
  std::optional<Equivocation> evidence;  // with kEquivocation, and only there; origin is the log it accuses
  TimePoint time{};
};

// Canonical JSON. Throws std::invalid_argument for what parse_alert would refuse.
std::string encode_alert(const Alert& alert);
// Form only: the evidence's form too, not whether it convicts (check_equivocation).
Result<Alert> parse_alert(std::string_view message);

}  // namespace ledger
