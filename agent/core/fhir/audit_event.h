// FHIR R4 AuditEvents after the IHE BALP patterns: PrivacyDisclosure.Source for what was given or refused,
// PrivacyDisclosure.Recipient for what was received. Pure and thread-safe.
#pragma once

#include "agent/core/fhir/audit_record.h"

namespace edge::fhir {

// One line of JSON, without a line feed; what is not known is left out, text that is no UTF-8 is replaced.
// schemas/audit-event.schema.json is about it. Source: hl7.org/fhir/R4/auditevent,
// profiles.ihe.net/ITI/BALP.
std::string audit_event(const AuditRecord& record);

}  // namespace edge::fhir
