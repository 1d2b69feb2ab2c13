#include "agent/core/fhir/document_check.h"

#include <simdjson.h>

#include <algorithm>

#include "agent/core/fhir/bundle_walk.h"
#include "agent/core/fhir/composition_check.h"
#include "agent/core/fhir/primitives.h"
#include "agent/core/fhir/resource_kinds.h"
#include "ledger-client/core/base64.h"

namespace edge::fhir {

// The one maker of CheckedBundles.
struct CheckedBundleAccess {
  static CheckedBundle make() { return CheckedBundle(); }
};

namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kMaxJws = 1 << 20;

std::string entry_place(std::size_t number) {
  return "entry[" + std::to_string(number) + ']';
}

std::string_view text_at(const dom::object& object, std::string_view name) {
  std::string_view text;
  return object.at_key(name).get(text) == simdjson::SUCCESS ? text : std::string_view();
}

bool has_member(std::span<const std::string_view> members, std::string_view wanted) {
  bool choice = wanted.ends_with('*');
  if (choice) wanted.remove_suffix(1);
  return std::any_of(members.begin(), members.end(), [&](std::string_view name) {
    if (name.starts_with('_')) name.remove_prefix(1);
    return choice ? name.size() > wanted.size() && name.starts_with(wanted) : name == wanted;
  });
}

std::string element_name(std::string_view name) {
  return name.ends_with('*') ? std::string(name.substr(0, name.size() - 1)) + "[x]" : std::string(name);
}

// fullUrl is absolute, not of a version, and ends with Type/id where it is an address (bdl-8).
void check_full_url(const EntryFacts& entry, const std::string& place) {
  std::string_view url = entry.full_url;
  if (url.empty()) throw Refused{place + ".fullUrl", "required"};
  bool http = url.starts_with("http://") || url.starts_with("https://");
  if (!http && !url.starts_with("urn:uuid:") && !url.starts_with("urn:oid:"))
    throw Refused{place + ".fullUrl", "not absolute"};
  if (url.find("/_history/") != std::string_view::npos)
    throw Refused{place + ".fullUrl", "points at a version"};
  if (!http || entry.id.empty()) return;
  std::string tail = '/' + std::string(entry.kind) + '/' + std::string(entry.id);
  if (!url.ends_with(tail)) throw Refused{place + ".fullUrl", "does not end with the resource's type and id"};
}

class Check {
 public:
  explicit Check(const dom::object& root) : root_(root) {}

  CheckedBundle run(std::size_t json_bytes, const CheckLimits& limits) {
    if (text_at(root_, "resourceType") != "Bundle") throw Refused{"resourceType", "not a Bundle"};
    std::string_view type = text_at(root_, "type");
    bool document = type == "document";
    if (!document && type != "collection") throw Refused{"type", "neither a document nor a collection"};
    if (root_.at_key("entry").get(list_) != simdjson::SUCCESS) throw Refused{"entry", "required"};
    check_bundle_members(root_, document);
    std::string canonical;
    facts_ = walk_bundle(root_, json_bytes, limits, canonical);
    check_entries(document);
    EntryIndex index(facts_);
    const EntryFacts& patient = the_patient();
    if (document)
      check_document(index, patient);
    else
      check_collection(index, patient);
    CheckedBundle checked = CheckedBundleAccess::make();
    checked.type = document ? BundleType::kDocument : BundleType::kCollection;
    checked.canonical = std::move(canonical);
    checked.entries = facts_.entries.size();
    checked.signature_data = signature();
    checked.patient_identifiers = identifiers(resource_of(patient));
    return checked;
  }

 private:
  std::size_t number_of(const EntryFacts& entry) const {
    return static_cast<std::size_t>(&entry - facts_.entries.data());
  }
  dom::object resource_of(const EntryFacts& entry) const {
    return list_.at(number_of(entry)).at_key("resource").get_object();
  }

  void check_entries(bool document) const {
    if (document && facts_.entries.size() < 2) throw Refused{"entry", "a document has at least two"};
    std::size_t number = 0;
    for (const dom::element element : list_) {
      const EntryFacts& entry = facts_.entries[number];
      const std::string place = entry_place(number++);
      dom::object members, resource;
      if (element.get(members) != simdjson::SUCCESS) throw Refused{place, "not an object"};
      if (members.at_key("resource").get(resource) != simdjson::SUCCESS)
        throw Refused{place + ".resource", "required"};
      if (!is_resource_kind(entry.kind))
        throw Refused{place + ".resource.resourceType", "not a FHIR R4 resource"};
      for (const char* name : {"search", "request", "response"})
        if (members.at_key(name).error() == simdjson::SUCCESS)
          throw Refused{place + '.' + name, "has no place in this Bundle"};
      const auto names = entry.members.of(facts_.member_names);
      if (std::find(names.begin(), names.end(), "id") != names.end() && !is_fhir_id(entry.id))
        throw Refused{place + ".resource.id", "not a FHIR id"};
      check_full_url(entry, place);
    }
  }

  const EntryFacts& the_patient() const {
    const EntryFacts* found = nullptr;
    for (const EntryFacts& entry : facts_.entries) {
      if (entry.kind != "Patient") continue;
      if (found) throw Refused{entry_place(number_of(entry)), "a second Patient"};
      found = &entry;
    }
    if (!found) throw Refused{"entry", "no Patient"};
    return *found;
  }

  void check_document(const EntryIndex& index, const EntryFacts& patient) const {
    const std::vector<EntryFacts>& entries = facts_.entries;
    if (entries[0].kind != "Composition") throw Refused{"entry[0]", "not the Composition"};
    for (const EntryFacts& entry : entries) {
      const std::string place = entry_place(number_of(entry));
      if (&entry != &entries[0] && entry.kind == "Composition") throw Refused{place, "a second Composition"};
      for (std::string_view name : required_members(entry.kind))
        if (!has_member(entry.members.of(facts_.member_names), name))
          throw Refused{place + ".resource." + element_name(name), "required"};
      check_references(entry, index, patient, place);
    }
    check_composition(resource_of(entries[0]), entries[0], index);
    check_patient(resource_of(patient), entry_place(number_of(patient)) + ".resource");
  }

  void check_references(const EntryFacts& entry, const EntryIndex& index, const EntryFacts& patient,
                        const std::string& place) const {
    const auto references = entry.references.of(facts_.references);
    for (const FoundReference& reference : references) {
      const EntryFacts* target = index.find(reference.target, entry);
      if (!target && !index.is_contained(reference.target, entry))
        throw Refused{place + ".resource." + place_text(reference.path.of(facts_.steps)),
                      "reference does not resolve"};
      if (reference.is_subject && target && target->kind == "Patient" && target != &patient)
        throw Refused{place + ".resource." + place_text(reference.path.of(facts_.steps)), "another patient"};
    }
    for (std::string_view name : required_members(entry.kind)) {
      if (name != "subject" && name != "patient") continue;
      bool known = std::any_of(references.begin(), references.end(),
                               [](const FoundReference& reference) { return reference.is_subject; });
      if (!known) throw Refused{place + ".resource." + std::string(name), "needs a reference"};
    }
  }

  // What came as it was may point outside; but all of it is about one patient.
  static bool is_about(std::string_view reference, const EntryFacts& patient) {
    if (reference == patient.full_url) return true;
    std::size_t at = reference.rfind("Patient/");
    if (at == std::string_view::npos) return !reference.starts_with("urn:uuid:");
    std::string_view id = reference.substr(at + 8);
    return id.substr(0, id.find('/')) == patient.id;
  }

  void check_collection(const EntryIndex& index, const EntryFacts& patient) const {
    for (const EntryFacts& entry : facts_.entries)
      for (const FoundReference& reference : entry.references.of(facts_.references))
        if (reference.is_subject && !is_about(reference.target, patient) &&
            !index.find(reference.target, entry))
          throw Refused{
              entry_place(number_of(entry)) + ".resource." + place_text(reference.path.of(facts_.steps)),
              "another patient"};
  }

  std::optional<std::string> signature() const {
    dom::element element;
    if (root_.at_key("signature").get(element) != simdjson::SUCCESS) return std::nullopt;
    dom::object signature;
    std::string_view data;
    if (element.get(signature) != simdjson::SUCCESS) throw Refused{"signature", "not an object"};
    if (signature.at_key("data").get(data) != simdjson::SUCCESS) throw Refused{"signature.data", "required"};
    auto bytes = data.size() <= 2 * kMaxJws ? ledger::base64_decode(data) : std::nullopt;
    if (!bytes) throw Refused{"signature.data", "not base64"};
    return std::string(ledger::as_text(*bytes));
  }

  static std::vector<Identifier> identifiers(const dom::object& patient) {
    std::vector<Identifier> out;
    dom::array list;
    if (patient.at_key("identifier").get(list) != simdjson::SUCCESS) return out;
    for (const dom::element element : list) {
      dom::object identifier;
      if (element.get(identifier) != simdjson::SUCCESS) continue;
      std::string_view value = text_at(identifier, "value");
      if (!value.empty()) out.push_back({std::string(text_at(identifier, "system")), std::string(value)});
    }
    return out;
  }

  const dom::object& root_;
  BundleFacts facts_;
  dom::array list_;
};

}  // namespace

ledger::Result<CheckedBundle> check_bundle(std::string_view json, const CheckLimits& limits) {
  if (json.size() > limits.max_bytes) return ledger::Problem{"Bundle: larger than the limit"};
  dom::parser parser;
  dom::object root;
  auto parsed = parser.parse(json.data(), json.size());
  if (parsed.error() != simdjson::SUCCESS) return ledger::Problem{"Bundle: not valid JSON"};
  if (parsed.get(root) != simdjson::SUCCESS) return ledger::Problem{"Bundle: not an object"};
  try {
    return Check(root).run(json.size(), limits);
  } catch (const Refused& refused) {
    return ledger::Problem{(refused.place.empty() ? "Bundle" : refused.place) + ": " + refused.rule};
  } catch (const simdjson::simdjson_error&) {
    return ledger::Problem{"Bundle: not valid JSON"};
  }
}

bool has_identifier(const CheckedBundle& bundle, const Identifier& wanted) {
  return std::any_of(bundle.patient_identifiers.begin(), bundle.patient_identifiers.end(),
                     [&](const Identifier& identifier) {
                       return identifier.value == wanted.value &&
                              (wanted.system.empty() || identifier.system == wanted.system);
                     });
}

ledger::Result<ledger::Done> verify_signature(const CheckedBundle& bundle, const ledger::PublicKey& key) {
  if (!bundle.signature_data) return ledger::Problem{"the Bundle has no signature"};
  auto jws = ledger::parse_detached_jws(*bundle.signature_data, kMaxJws);
  if (!jws) return jws.error();
  return verify_signature(bundle, *jws, key);
}

ledger::Result<ledger::Done> verify_signature(const CheckedBundle& bundle,
                                              const ledger::ParsedDetachedJws& signature,
                                              const ledger::PublicKey& key) {
  if (!ledger::verify_detached_jws(signature, bundle.canonical, key))
    return ledger::Problem{"the Bundle's signature is not this key's"};
  return ledger::Done{};
}

}  // namespace edge::fhir
