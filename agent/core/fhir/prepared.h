// Resources are prepared when they come in (bundle.md, Validation without whole-document passes): validated,
// brought into the form the IPS profiles want, canonicalised and given their narrative row once, so that
// assembling a bundle only splices text. Pure and thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ledger-client/core/result.h"

namespace edge::fhir {

// Sections of the International Patient Summary this assembler fills; the values are stored in databases and
// never renumbered.
enum class Section : int {
  kNone = 0,  // not in a section by itself: Patient, Practitioner, Organization, Medication, Encounter, …
  kProblems = 1,
  kAllergies = 2,
  kMedications = 3,
  kImmunizations = 4,
  kResults = 5,
  kProcedures = 6,
  kDevices = 7,
  kAdvanceDirectives = 8,
  kAlerts = 9,
  kFunctionalStatus = 10,
  kPastProblems = 11,
  kPregnancy = 12,
  kPatientStory = 13,
  kPlanOfCare = 14,
  kSocialHistory = 15,
  kVitalSigns = 16,
};

struct Identifier {
  std::string system;  // may be empty
  std::string value;
};

struct Prepared {
  std::string kind;  // resourceType
  std::string key;   // "Type/id" in its source; unique in a store
  std::string
      full_url;  // urn:uuid:… in every bundle: the id itself where it is a UUID, else derived from the key
  std::string
      patient_key;  // key of the patient it belongs to; its own key for a Patient; empty for shared resources
  std::string source;  // the resource as it came, insignificant white space removed, numbers as written

  // The form that goes into an IPS document; all empty if this kind or this resource can't be part of one
  // (why_not says so).
  std::string
      ips;  // references rewritten to urn:uuid, without elements that would violate a profile, or completed
  std::string ips_canonical;            // RFC 8785 of `ips`
  std::vector<std::string> references;  // urn:uuids `ips` refers to, other than the patient
  Section section = Section::kNone;
  std::string why_not;

  // What selection rules look at.
  std::string date;     // sortable UTC text of the clinically relevant time, may be empty
  std::string code;     // "system|code" of the main code, may be empty: "latest per code"
  bool active = false;  // an active problem, medication, allergy, …

  // One <tr>…</tr> of the section's table, XHTML-escaped: exactly what `ips` holds, nothing else.
  std::string narrative_row;

  std::vector<Identifier> identifiers;  // Patients only: every identifier, in order
  std::vector<std::string>
      notes;  // what was dropped or completed, without values: "Observation.performer completed"
};

struct PrepareOptions {
  std::size_t max_bytes = 16u << 20;  // of one resource
  std::size_t max_depth = 64;
};

// `full_url_hint` is the source Bundle entry's fullUrl, or empty. References may be relative (Type/id),
// absolute or urn:uuid; a urn:uuid reference without a type is resolved by `full_url`. A resource that is not
// valid FHIR R4 is a Problem that names the element and the rule, never a value.
ledger::Result<Prepared> prepare(std::string_view resource_json, std::string_view full_url_hint,
                                 const PrepareOptions& options = {});

class Withholding;

// Called when some of `prepared.references` do not exist in the store: gives `ips` and `ips_canonical` again
// with those references removed or replaced by a display, so that a document stands alone. With `withheld`,
// no display is left either, nor a narrative, nor a contained resource about a patient, for they may tell
// what is withheld.
void drop_references(Prepared& prepared, const std::vector<std::string>& missing_full_urls,
                     const Withholding* withheld = nullptr);

}  // namespace edge::fhir
