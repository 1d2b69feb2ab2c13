// Assembling the prescribed structure (bundle.md; ips-structure.md): a FHIR R4 document Bundle that conforms
// to the International Patient Summary 2.0.0. Pure: clock and identifiers are arguments. Thread-safe.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/core/fhir/prepared.h"
#include "agent/core/fhir/withholding.h"
#include "agent/core/signing.h"
#include "ledger-client/core/time_text.h"

namespace edge::fhir {

// Selection rules as data: which resources of a section, in which order, how many.
struct SectionRule {
  Section section = Section::kNone;
  bool required = false;
  std::size_t limit = 0;         // 0: no limit
  bool latest_per_code = false;  // only the newest resource of each code; running medicines all stay
  bool active_only = false;      // what is over is left out
};
const std::vector<SectionRule>& default_rules();

struct AssembleInput {
  Prepared patient;
  std::vector<Prepared> resources;  // candidates of all sections, any order
  std::vector<Prepared>
      linked;  // what they refer to, transitively: Practitioner, Organization, Medication, Specimen, …
  std::vector<SectionRule> rules = default_rules();
  std::vector<Section> sections;  // wanted by the requester; empty: all. Required sections always appear.
  Withholding withheld;           // `resources` and `linked` hold nothing it takes out
  std::string hospital_name;      // author and custodian Organization
  std::string software_version;   // the authoring Device
  std::string agent_address;      // Bundle.signature.who.identifier, Device identifier
  std::string bundle_uuid, composition_uuid, organization_uuid,
      device_uuid;  // lower-case UUIDs, new for each document
  ledger::TimePoint now{};
  std::string language = "en";
  std::size_t max_bytes = 256u << 20;
};

// A Bundle without signature: `text` ends with '}' and `canonical` is RFC 8785 of it without id, meta and
// signature.
struct Assembled {
  std::string text;
  std::string canonical;
  std::size_t entries = 0;
};
ledger::Result<Assembled> assemble(const AssembleInput& input);

// `everything`: all resources of a patient in a Bundle of type collection, as they came, plus what they refer
// to. Prepared::source is used; the canonical form is made here.
ledger::Result<Assembled> assemble_collection(const AssembleInput& input);

// The Bundle.signature element (CDex form) over `canonical`, as JSON text.
struct SignatureInput {
  const Signer* signer = nullptr;
  std::string kid;
  std::vector<ledger::Bytes> x5c_der;
  std::string agent_address;
  ledger::TimePoint now{};
};
std::string make_signature(std::string_view canonical, const SignatureInput& input);
// `text` with the signature spliced in as its last member.
std::string splice_signature(std::string text, std::string_view signature_json);

}  // namespace edge::fhir
