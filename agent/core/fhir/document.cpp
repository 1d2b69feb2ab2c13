#include "agent/core/fhir/document.h"

#include "agent/core/fhir/composition.h"
#include "agent/core/fhir/json_tree.h"
#include "agent/core/fhir/primitives.h"
#include "agent/core/fhir/selection.h"
#include "ledger-client/core/canonical_json.h"

namespace edge::fhir {

namespace {

constexpr std::string_view kProfile = "http://hl7.org/fhir/uv/ips/StructureDefinition/Bundle-uv-ips";
constexpr std::string_view kConfidentiality = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";

// Writes a Bundle and, beside it, its canonical form: the same entries between other members.
class BundleWriter {
 public:
  BundleWriter(const AssembleInput& input, std::string_view type) : type_(type) {
    identifier_ = R"({"system":"urn:ietf:rfc:3986","value":"urn:uuid:)" + input.bundle_uuid + "\"}";
    timestamp_ = ledger::format_time(input.now);
    id_ = input.bundle_uuid;
  }

  void start(std::size_t expected_bytes, std::string_view profile, std::string_view confidentiality) {
    text_.reserve(expected_bytes);
    canonical_.reserve(expected_bytes);
    text_ += R"({"resourceType":"Bundle","id":")" + id_ + R"(","meta":{)";
    if (!profile.empty()) text_.append(R"("profile":[")").append(profile).append(R"("],)");
    text_.append(R"("security":[{"system":")")
        .append(kConfidentiality)
        .append(R"(","code":")")
        .append(confidentiality);
    text_ += R"("}]},"identifier":)" + identifier_ + R"(,"type":")" + type_ + R"(","timestamp":")" +
             timestamp_ + R"(","entry":[)";
    canonical_ += R"({"entry":[)";
  }

  void entry(std::string_view full_url, std::string_view text, std::string_view canonical) {
    append_entry(text_, full_url, text);
    append_entry(canonical_, full_url, canonical);
    ++entries_;
  }

  Assembled finish() && {
    text_ += "]}";
    canonical_ += R"(],"identifier":)" + identifier_ + R"(,"resourceType":"Bundle","timestamp":")" +
                  timestamp_ + R"(","type":")" + type_ + "\"}";
    return {std::move(text_), std::move(canonical_), entries_};
  }

 private:
  void append_entry(std::string& out, std::string_view full_url, std::string_view resource) const {
    out.append(entries_ > 0 ? ",{" : "{")
        .append(R"("fullUrl":")")
        .append(full_url)
        .append(R"(","resource":)");
    out.append(resource).append("}");
  }

  std::string text_, canonical_, identifier_, timestamp_, id_, type_;
  std::size_t entries_ = 0;
};

std::string urn(const std::string& uuid) {
  return "urn:uuid:" + uuid;
}

const char* check_input(const AssembleInput& input) {
  for (const std::string* uuid :
       {&input.bundle_uuid, &input.composition_uuid, &input.organization_uuid, &input.device_uuid})
    if (!is_uuid(*uuid)) return "an identifier of the document is not a lower-case UUID";
  return input.patient.kind == "Patient" ? nullptr : "the patient is not a Patient";
}

}  // namespace

ledger::Result<Assembled> assemble(const AssembleInput& input) {
  if (const char* fault = check_input(input)) return ledger::Problem{fault};
  if (input.patient.ips.empty())
    return ledger::Problem{"the Patient can't be part of a document: " + input.patient.why_not};
  Selection selection = select(input);
  std::string_view confidentiality = highest_confidentiality(selection);
  TextPair composition = write_composition(input, selection, confidentiality);
  TextPair organization = write_organization(input);
  TextPair device = write_device(input);

  std::size_t bytes = 4096 + composition.text.size() + selection.patient->ips.size();
  for (const Prepared* prepared : selection.resources) bytes += prepared->ips.size() + 128;
  if (bytes > input.max_bytes) return ledger::Problem{"the document would be larger than the limit"};

  BundleWriter writer(input, "document");
  writer.start(bytes, kProfile, confidentiality);
  writer.entry(urn(input.composition_uuid), composition.text, composition.canonical);
  writer.entry(selection.patient->full_url, selection.patient->ips, selection.patient->ips_canonical);
  writer.entry(urn(input.organization_uuid), organization.text, organization.canonical);
  writer.entry(urn(input.device_uuid), device.text, device.canonical);
  for (const Prepared* prepared : selection.resources)
    writer.entry(prepared->full_url, prepared->ips, prepared->ips_canonical);
  return std::move(writer).finish();
}

ledger::Result<Assembled> assemble_collection(const AssembleInput& input) {
  if (const char* fault = check_input(input)) return ledger::Problem{fault};
  std::vector<const Prepared*> all = {&input.patient};
  std::unordered_set<std::string_view> seen = {input.patient.full_url};
  std::size_t bytes = 1024 + input.patient.source.size();
  for (const auto* list : {&input.resources, &input.linked})
    for (const Prepared& prepared : *list) {
      bool other_patient = !prepared.patient_key.empty() && prepared.patient_key != input.patient.key;
      if (prepared.kind == "Patient" || other_patient || !seen.insert(prepared.full_url).second) continue;
      all.push_back(&prepared);
      bytes += prepared.source.size() + 128;
    }
  if (bytes > input.max_bytes) return ledger::Problem{"the collection would be larger than the limit"};
  BundleWriter writer(input, "collection");
  writer.start(bytes, "", "N");
  for (const Prepared* prepared : all) {
    auto resource = parse_tree(prepared->source, {prepared->source.size(), 256});
    if (!resource) return ledger::Problem{prepared->kind + ": " + resource.error().reason};
    std::string text, canonical;
    if (input.withheld.any()) {
      take_out_words(*resource, input.withheld,
                     [&](std::string_view full_url) { return seen.contains(full_url); });
      append_text(text, *resource);
    }
    append_canonical(canonical, *resource);
    writer.entry(prepared->full_url, text.empty() ? prepared->source : text, canonical);
  }
  return std::move(writer).finish();
}

}  // namespace edge::fhir
