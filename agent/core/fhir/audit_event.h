// FHIR R4 AuditEvents after the IHE BALP patterns: PrivacyDisclosure.Source for what was given or refused,
// PrivacyDisclosure.Recipient for what was received. Pure and thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/core/fhir/prepared.h"
#include "ledger-client/core/time_text.h"

namespace edge::fhir {

enum class AuditKind { kDisclosed, kReceived, kRefused };

struct LedgerPlace {
  std::string origin;
  std::uint64_t index = 0;
};

// One row of the audit trail. Empty or absent: not known; the event then leaves it out.
struct AuditRecord {
  AuditKind kind = AuditKind::kDisclosed;
  std::int64_t number = 0;  // of the row: the event's id
  ledger::TimePoint time{};
  std::string self, peer;    // network addresses
  std::string request;       // its id
  std::string operation;     // as written in the request
  std::string purpose;       // HL7 PurposeOfUse
  std::string code, reason;  // refusals only
  std::optional<LedgerPlace> ledger;
  std::optional<Identifier> patient;   // as the hospital knows it; never leaves the local trail
  std::string content_type;            // what was given
  std::optional<std::uint64_t> bytes;  // its plaintext
  std::string sections;                // section names, separated by a space
  std::string rule;                    // the rule that decided
  bool break_glass = false;
};

// One line of JSON, without a line feed. Text that is no UTF-8 is replaced. Source:
// hl7.org/fhir/R4/auditevent, profiles.ihe.net/ITI/BALP.
std::string audit_event(const AuditRecord& record);

}  // namespace edge::fhir
