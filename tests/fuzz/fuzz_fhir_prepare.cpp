#include "agent/core/fhir/document.h"
#include "agent/core/fhir/document_check.h"
#include "ledger-client/core/canonical_json.h"
#include "tests/fuzz/require.h"

namespace {

using namespace edge::fhir;

AssembleInput input_for(const Prepared& prepared) {
  AssembleInput input;
  if (prepared.kind == "Patient") {
    input.patient = prepared;
  } else {
    auto patient =
        prepare(R"({"resourceType":"Patient","id":"p","name":[{"text":"x"}],"birthDate":"2000"})", "");
    input.patient = *patient;
    input.patient.key = prepared.patient_key;
    input.resources.push_back(prepared);
  }
  input.hospital_name = "h";
  input.bundle_uuid = "b0000000-0000-4000-8000-000000000001";
  input.composition_uuid = "b0000000-0000-4000-8000-000000000002";
  input.organization_uuid = "b0000000-0000-4000-8000-000000000003";
  input.device_uuid = "b0000000-0000-4000-8000-000000000004";
  return input;
}

}  // namespace

// What was accepted is one resource with one canonical form, prepares to itself again, and what a Patient
// becomes is a document that our own receiver takes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto prepared = prepare(ledger::as_text({data, size}), "");
  if (!prepared) return 0;
  const ledger::JsonLimits limits{64U << 20U, 256};
  FUZZ_REQUIRE(ledger::canonicalize(prepared->source, limits).ok());
  FUZZ_REQUIRE(prepared->ips.empty() == !prepared->why_not.empty());
  if (prepared->ips.empty()) return 0;
  const auto canonical = ledger::canonicalize(prepared->ips, limits);
  FUZZ_REQUIRE(canonical.ok() && *canonical == prepared->ips_canonical);
  Prepared alone = *prepared;
  drop_references(alone, alone.references);
  FUZZ_REQUIRE(alone.references.empty());
  const auto document = assemble(input_for(alone));
  FUZZ_REQUIRE(document.ok());
  if (prepared->kind == "Patient") FUZZ_REQUIRE(check_bundle(document->text).ok());
  return 0;
}
