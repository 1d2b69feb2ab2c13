// What an answer about a patient says: the records that may be given, as a signed bundle, into the payload.
#include <future>
#include <unordered_set>

#include "agent/core/exchange.h"

namespace edge {

namespace {

// Below this, handing the signature to a second thread costs more than it saves.
constexpr std::size_t kParallelBytes = 128 * 1024;
// References of references: Observation → Specimen → Practitioner is the longest chain that occurs.
constexpr int kMaxLinkDepth = 4;
}  // namespace

Outcome<ledger::Done> Exchange::signed_bundle_into(const VerifiedRequest& verified,
                                                   const std::string& patient_key,
                                                   const ConsentDecision& decision,
                                                   const BundleSigner& signer, PayloadSealer& sealer) const {
  auto input = gather(verified, patient_key, decision);
  if (!input) return input.error();
  auto assembled = verified.request().operation == Operation::kEverything ? fhir::assemble_collection(*input)
                                                                          : fhir::assemble(*input);
  if (!assembled) return Refusal{Code::kFailed, "bundle: " + assembled.error().reason};
  const fhir::SignatureInput signature_input{signer.self.signer, signer.self.kid, signer.x5c_der,
                                             settings_.self.address.text(), input->now};
  input->resources = {};  // spliced; a large record is not held twice
  input->linked = {};
  const auto sign = [&] { return fhir::make_signature(assembled->canonical, signature_input); };
  // The signature is the Bundle's last member, so everything before it is compressed and encrypted beside
  // signing.
  const std::string_view text = assembled->text;
  if (text.size() < kParallelBytes) {
    const std::string whole = fhir::splice_signature(std::move(assembled->text), sign());
    sealer.expect(whole.size());
    sealer.write(whole);
    return ledger::Done{};
  }
  auto signing = std::async(std::launch::async, sign);
  sealer.write(text.substr(0, text.size() - 1));
  sealer.write(fhir::splice_signature(std::string(text.substr(text.size() - 1)), signing.get()));
  return ledger::Done{};
}

Outcome<fhir::AssembleInput> Exchange::gather(const VerifiedRequest& verified, const std::string& patient_key,
                                              const ConsentDecision& decision) const {
  const Request& request = verified.request();
  fhir::AssembleInput input;
  std::size_t bytes = 0;
  bool found = false;
  const bool as_they_came = request.operation == Operation::kEverything;
  input.withheld = fhir::Withholding(decision.permitted.list(), settings_.mark_withheld);
  const auto take = [&](fhir::Prepared&& resource) {
    if (input.withheld.takes_out(resource)) return true;
    // Only one of the two forms goes into the bundle; the other would double what is held.
    if (as_they_came) resource.ips = resource.ips_canonical = resource.narrative_row = {};
    bytes += resource.ips.size() + resource.source.size();
    if (resource.kind == "Patient" && resource.key == patient_key) {
      input.patient = std::move(resource);
      found = true;
    } else {
      input.resources.push_back(std::move(resource));
    }
    return bytes <= settings_.max_bundle_bytes;
  };
  if (as_they_came) {
    ports_.records->stream(patient_key, take);
  } else {
    ports_.records->stream_sections(patient_key, take);
  }
  if (bytes > settings_.max_bundle_bytes)
    return Refusal{Code::kTooLarge, "record is larger than limits.bundle_bytes"};
  if (!found) return Refusal{Code::kFailed, "the HIS gave no Patient resource"};
  gather_linked(input);
  if (!settings_.rules.empty()) input.rules = settings_.rules;
  input.sections = request.query.sections;
  input.hospital_name = settings_.hospital_name;
  input.software_version = settings_.software_version;
  input.agent_address = settings_.self.address.text();
  for (std::string* uuid :
       {&input.bundle_uuid, &input.composition_uuid, &input.organization_uuid, &input.device_uuid}) {
    std::array<std::uint8_t, 16> random{};
    ports_.fill_random(random);
    *uuid = make_uuid_v4(random);
  }
  input.now = ports_.now();
  input.max_bytes = settings_.max_bundle_bytes;
  return input;
}

void Exchange::gather_linked(fhir::AssembleInput& input) const {
  std::unordered_set<std::string> here{input.patient.full_url};
  for (const auto& resource : input.resources) here.insert(resource.full_url);
  std::vector<std::string> wanted;
  const auto want = [&](const fhir::Prepared& resource) {
    for (const std::string& reference : resource.references) {
      if (here.insert(reference).second) wanted.push_back(reference);
    }
  };
  want(input.patient);
  for (const auto& resource : input.resources) want(resource);
  for (int depth = 0; depth < kMaxLinkDepth && !wanted.empty(); ++depth) {
    auto fetched = ports_.records->fetch(wanted);
    wanted.clear();
    for (auto& resource : fetched) {
      // A reference into another patient's record gives nothing of that record away.
      if (!resource.patient_key.empty() && resource.patient_key != input.patient.key) continue;
      if (input.withheld.takes_out(resource)) continue;
      want(resource);
      input.linked.push_back(std::move(resource));
    }
  }
}

}  // namespace edge
