// One row of the audit trail, for whoever shows it: as an AuditEvent (audit_event.h), in a patient's report
// (audit_report.h), or as one line of JSON between the agent and its command line. Pure and thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/core/fhir/prepared.h"
#include "ledger-client/core/time_text.h"

namespace edge::fhir {

enum class AuditKind { kDisclosed, kReceived, kRefused };
std::string_view audit_kind_text(AuditKind kind);
std::optional<AuditKind> audit_kind_from_text(std::string_view text);

struct LedgerPlace {
  std::string origin;
  std::uint64_t index = 0;
};

// Empty or absent: not known, or not so.
struct AuditRecord {
  AuditKind kind = AuditKind::kDisclosed;
  std::int64_t number = 0;  // of the row: the event's id
  ledger::TimePoint time{};
  std::string self, peer;                    // network addresses
  std::string self_name, peer_name;          // as the federation document calls them
  std::string request;                       // its id
  std::string operation;                     // as written in the request
  std::string purpose;                       // HL7 PurposeOfUse
  std::string said;                          // why, in the words of who asked
  std::string code, reason;                  // refusals only
  std::optional<LedgerPlace> ledger;         // the entry in the own log
  std::optional<LedgerPlace> peer_ledger;    // of what was received: the entry in the peer's
  std::optional<Identifier> patient;         // as asked for; never leaves the local trail
  std::string content_type;                  // what was given
  std::optional<std::uint64_t> bytes;        // its plaintext
  std::string sections;                      // names, separated by a space: given, or of a refusal asked for
  std::string withheld;                      // asked for and not given
  std::string rule;                          // the rule that decided, in words
  std::string consents;                      // ids of those that decided, separated by a space
  std::string doubt;                         // of what was received: why it no longer counts, or is suspect
  std::optional<std::uint64_t> break_glass;  // the entry break-glass.used in the own log
};

// `sections` of a row that has what belongs to no section too.
constexpr std::string_view kOtherRecords = "other-records";

std::string write_record(const AuditRecord& record);  // one line, without a line feed; UTF-8 is made of it
// Nothing for what write_record() does not write.
std::optional<AuditRecord> read_record(std::string_view line);

}  // namespace edge::fhir
