// Consents as FHIR R4 Consent resources (http://hl7.org/fhir/R4/consent.html): the part of R4 that
// consent.h can represent, in and out. What can't be represented is refused with its place and never read as
// something wider. Pure and thread-safe.
//
// Read: `scope` patient-privacy; `patient` by reference or identifier; `provision` with `type` (or OPTIN and
// OPTOUT in `policyRule`), `period` (FHIR's: both ends belong to it, as long as they are written), `actor`
// (role IRCP or PRCP, reference by an identifier of ours), `action` (with access or disclose), `purpose`
// (v3-ActReason), `code` (the LOINC codes of IPS sections) or `class` (kinds of resources that are a whole
// section); nested provisions are exceptions within their parents. schemas/consent.schema.json says the same.
#pragma once

#include "agent/core/consent.h"
#include "ledger-client/core/result.h"

namespace edge::fhir {

inline constexpr std::string_view kPeerSystem = "urn:ehr-agent:address";  // of actors: an agent's IP
inline constexpr std::string_view kGroupSystem = "urn:ehr-agent:group";   // a group's name
inline constexpr std::string_view kAnyPatientUrl =
    "urn:ehr-agent:any-patient";  // extension of hospital policies
inline constexpr std::size_t kMaxConsentBytes = 256 * 1024;

// Whom a consent is about.
struct ConsentSubject {
  bool any = false;       // a hospital's policy; said by an extension, never by a missing patient
  Identifier identifier;  // else this, where its value is not empty
  std::string reference;  // else "Patient/id"
};

struct ConsentDocument {
  std::string id;  // Consent.id, may be empty
  ConsentSubject subject;
  bool active = true;  // else it was withdrawn: inactive, rejected, entered-in-error
  std::vector<ConsentRule> rules;
};

// A Problem names the place ("provision.provision[1].dataPeriod") and the rule, never a value.
ledger::Result<ConsentDocument> read_consent(std::string_view json);
// Only the rules, of a text write_terms gave.
ledger::Result<std::vector<ConsentRule>> read_terms(std::string_view json);

// Canonical JSON (RFC 8785). Precondition: at least one rule.
std::string write_consent(const ConsentDocument& document, ledger::TimePoint given);
// The rules alone, about nobody: what may be kept in clear.
std::string write_terms(const std::vector<ConsentRule>& rules);

// Whether a resource that read_consent refuses could be there to deny something: then ignoring it would
// disclose more than the patient allowed. True for everything that does not surely only permit, or is not in
// force.
bool may_deny(std::string_view json);
// A Consent whose scope is privacy, readable or not, or whose scope is not said in a code of FHIR's: what may
// be a denial is not passed over for that. Others (advance directives, research, treatment) are no business
// of disclosure.
bool is_privacy_consent(std::string_view json);

}  // namespace edge::fhir
