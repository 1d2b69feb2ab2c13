#include <algorithm>

#include "agent/core/fhir/classify.h"
#include "agent/core/fhir/element_table.h"
#include "agent/core/fhir/ips_form.h"
#include "agent/core/fhir/json_tree.h"
#include "agent/core/fhir/prepared.h"
#include "agent/core/fhir/primitives.h"
#include "agent/core/fhir/references.h"
#include "agent/core/fhir/resource_kinds.h"
#include "agent/core/fhir/shape.h"

namespace edge::fhir {

namespace {

constexpr std::string_view kUuidScheme = "urn:uuid:";
constexpr std::size_t kMaxId = 256;

// key and full_url: what a urn:uuid fullUrl says wins, because that is what references name; then the id.
bool identify(const Node& resource, std::string_view hint, Prepared& prepared) {
  Target hinted = read_reference(hint);
  std::string id(resource.string_at("id"));
  if (hint.starts_with(kUuidScheme) && !hinted.full_url.empty()) {
    prepared.key = prepared.kind + hinted.key;
    prepared.full_url = hinted.full_url;
    return true;
  }
  if (id.empty() && hinted.kind == prepared.kind) id = hinted.key.substr(prepared.kind.size() + 1);
  if (id.empty()) id = full_url_of(prepared.kind, prepared.source).substr(kUuidScheme.size());
  if (id.size() > kMaxId) return false;
  prepared.key = prepared.kind + '/' + id;
  prepared.full_url = full_url_of(prepared.kind, id);
  return true;
}

// The patient a resource belongs to, by `subject`, `patient` or `beneficiary`; nothing for other subjects.
Target patient_of(const Node& resource, const Prepared& prepared) {
  if (prepared.kind == "Patient") return {"Patient", prepared.key, prepared.full_url};
  for (std::string_view name : {"subject", "patient", "beneficiary", "for", "individual"}) {
    const Node* reference = resource.find(name);
    if (!reference || !reference->is_object()) continue;
    Target target = read_reference(reference->string_at("reference"));
    std::string_view type = reference->string_at("type");
    if (target.kind == "Patient") return target;
    if (target.kind.empty() && !target.full_url.empty() && (type.empty() || type == "Patient"))
      return {"Patient", "Patient" + target.key, target.full_url};
  }
  return {};
}

// Only kinds whose `subject` may be something else can be without a patient and still be shared.
void collect_references(const Node& node, std::string_view patient_url, std::vector<std::string>& out) {
  if (std::string_view target = node.string_at("reference");
      target.starts_with(kUuidScheme) && target != patient_url)
    if (std::find(out.begin(), out.end(), target) == out.end()) out.emplace_back(target);
  for (const Node& item : node.items) collect_references(item, patient_url, out);
  for (const Member& member : node.members) collect_references(member.value, patient_url, out);
}

void clear_ips(Prepared& prepared, std::string why_not) {
  prepared.why_not = std::move(why_not);
  prepared.ips.clear();
  prepared.ips_canonical.clear();
  prepared.references.clear();
  prepared.section = Section::kNone;
  prepared.narrative_row.clear();
}

// From a shaped resource to everything a document needs of it.
void finish(Node resource, bool has_patient, std::string_view patient_url, Prepared& prepared) {
  std::string_view uuid = std::string_view(prepared.full_url).substr(kUuidScheme.size());
  resource.members.insert(resource.members.begin() + 1, Member{"id", Node::string(uuid)});
  if (std::string why_not = complete_for_ips(resource, has_patient, prepared.notes); !why_not.empty())
    return clear_ips(prepared, why_not);
  prepared.ips = to_text(resource);
  prepared.ips_canonical.clear();
  append_canonical(prepared.ips_canonical, resource);
  prepared.references.clear();
  collect_references(resource, patient_url, prepared.references);
  classify(resource, prepared);
  prepared.narrative_row = narrative_row(resource, prepared);
}

std::vector<Identifier> identifiers_of(const Node& resource) {
  std::vector<Identifier> out;
  if (const Node* list = resource.find("identifier"))
    for (const Node& item : list->items)
      if (!item.string_at("value").empty())
        out.push_back({std::string(item.string_at("system")), std::string(item.string_at("value"))});
  return out;
}

}  // namespace

ledger::Result<Prepared> prepare(std::string_view resource_json, std::string_view full_url_hint,
                                 const PrepareOptions& options) {
  ledger::Result<Node> parsed = parse_tree(resource_json, {options.max_bytes, options.max_depth});
  if (!parsed) return parsed.error();
  const Node& resource = *parsed;
  Prepared prepared;
  prepared.kind = resource.string_at("resourceType");
  if (!is_resource_kind(prepared.kind))
    return ledger::Problem{"resourceType: missing or not a FHIR R4 resource"};
  append_text(prepared.source, resource);
  if (const Node* id = resource.find("id"); id && !id->is_string())
    return ledger::Problem{prepared.kind + ".id: not a string"};
  if (!identify(resource, full_url_hint, prepared)) return ledger::Problem{prepared.kind + ".id: too long"};
  Target patient = patient_of(resource, prepared);
  prepared.patient_key = patient.key;
  if (!is_document_kind(prepared.kind)) {
    prepared.why_not = "this kind is not part of a document";
    return prepared;
  }
  ledger::Result<Shaped> shaped = shape(resource, {prepared.kind, prepared.full_url, patient.full_url});
  if (!shaped) return shaped.error();
  prepared.notes = std::move(shaped->notes);
  if (prepared.kind == "Patient") prepared.identifiers = identifiers_of(shaped->resource);
  finish(std::move(shaped->resource), !patient.full_url.empty(), patient.full_url, prepared);
  return prepared;
}

void drop_references(Prepared& prepared, const std::vector<std::string>& missing_full_urls,
                     const Withholding* withheld) {
  if (prepared.ips.empty()) return;
  ledger::Result<Node> parsed = parse_tree(prepared.ips, {prepared.ips.size(), 256});
  if (!parsed) return clear_ips(prepared, parsed.error().reason);
  Target patient = patient_of(*parsed, prepared);
  ledger::Result<Shaped> shaped =
      shape(*parsed, {prepared.kind, prepared.full_url, patient.full_url, &missing_full_urls, withheld});
  if (!shaped) return clear_ips(prepared, shaped.error().reason);
  prepared.notes.push_back("references left out: what they point at is not in the document");
  finish(std::move(shaped->resource), !patient.full_url.empty(), patient.full_url, prepared);
}

}  // namespace edge::fhir
