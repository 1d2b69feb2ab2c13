#include "agent/core/fhir/composition_check.h"

#include <simdjson.h>

#include <algorithm>

#include "agent/core/fhir/json_tree.h"
#include "agent/core/fhir/primitives.h"
#include "agent/core/fhir/sections.h"

namespace edge::fhir {

namespace {

namespace dom = simdjson::dom;

bool has(const dom::object& object, std::string_view name) {
  return object.at_key(name).error() == simdjson::SUCCESS;
}

// Empty if there is no such string.
std::string_view text_at(const dom::object& object, std::string_view name) {
  std::string_view text;
  return object.at_key(name).get(text) == simdjson::SUCCESS ? text : std::string_view();
}

// False if the member is absent; Refused if it is something else.
bool object_at(const dom::object& parent, std::string_view name, dom::object& out, const std::string& place) {
  if (!has(parent, name)) return false;
  if (parent.at_key(name).get(out) != simdjson::SUCCESS)
    throw Refused{place + '.' + std::string(name), "not an object"};
  return true;
}

bool array_at(const dom::object& parent, std::string_view name, dom::array& out, const std::string& place) {
  if (!has(parent, name)) return false;
  if (parent.at_key(name).get(out) != simdjson::SUCCESS)
    throw Refused{place + '.' + std::string(name), "not an array"};
  return true;
}

void need(bool holds, const std::string& place, const char* rule) {
  if (!holds) throw Refused{place, rule};
}

bool is(std::string_view type, std::string_view text) {
  return is_primitive(type, Node::string(text));
}

bool has_code(const dom::object& concept_object, std::string_view system, std::string_view code) {
  dom::array codings;
  if (concept_object.at_key("coding").get(codings) != simdjson::SUCCESS) return false;
  for (const dom::element element : codings) {
    dom::object coding;
    if (element.get(coding) == simdjson::SUCCESS && text_at(coding, "system") == system &&
        text_at(coding, "code") == code)
      return true;
  }
  return false;
}

constexpr std::string_view kLoinc = "http://loinc.org";

// Resource types besides DocumentReference a section may point at; the patient's story may point at any.
bool may_hold(Section section, std::string_view kind) {
  if (kind == "DocumentReference" || section == Section::kPatientStory) return true;
  switch (section) {
    case Section::kProblems:
    case Section::kPastProblems:
      return kind == "Condition";
    case Section::kAllergies:
      return kind == "AllergyIntolerance";
    case Section::kMedications:
      return kind == "MedicationStatement" || kind == "MedicationRequest" ||
             kind == "MedicationAdministration" || kind == "MedicationDispense";
    case Section::kImmunizations:
      return kind == "Immunization";
    case Section::kResults:
      return kind == "Observation" || kind == "DiagnosticReport";
    case Section::kProcedures:
      return kind == "Procedure";
    case Section::kDevices:
      return kind == "DeviceUseStatement";
    case Section::kAdvanceDirectives:
      return kind == "Consent";
    case Section::kAlerts:
      return kind == "Flag";
    case Section::kFunctionalStatus:
      return kind == "Condition" || kind == "ClinicalImpression";
    case Section::kPlanOfCare:
      return kind == "CarePlan" || kind == "ImmunizationRecommendation";
    default:
      return kind == "Observation";
  }
}

constexpr int kSections = static_cast<int>(Section::kVitalSigns);

Section known_section(const dom::object& code) {
  for (int i = 1; i <= kSections; ++i)
    if (has_code(code, kLoinc, section_text(static_cast<Section>(i)).code)) return static_cast<Section>(i);
  return Section::kNone;
}

bool is_required(Section section) {
  return section == Section::kProblems || section == Section::kAllergies || section == Section::kMedications;
}

// Whether any entry carries a reference; those that resolve are of a kind the section may hold.
bool check_entries(const dom::array& entries, Section section, const EntryFacts& composition,
                   const EntryIndex& index, const std::string& place) {
  bool any = false;
  for (const dom::element element : entries) {
    dom::object entry;
    need(element.get(entry) == simdjson::SUCCESS, place + ".entry", "not an object");
    std::string_view reference = text_at(entry, "reference");
    any = any || !reference.empty();
    const EntryFacts* target = index.find(reference, composition);
    if (section != Section::kNone && target && !may_hold(section, target->kind))
      throw Refused{place + ".entry", "a resource of a kind this section can't hold"};
  }
  return any;
}

Section check_section(const dom::object& section, const EntryFacts& composition, const EntryIndex& index,
                      const std::string& place) {
  dom::object code, text, reason;
  dom::array entries;
  need(!text_at(section, "title").empty(), place + ".title", "required");
  need(object_at(section, "code", code, place), place + ".code", "required");
  need(object_at(section, "text", text, place) && has(text, "div"), place + ".text", "required");
  need(!text_at(text, "status").empty(), place + ".text.status", "required");
  need(!has(section, "section"), place + ".section", "an IPS has no sections in sections");
  Section known = known_section(code);
  bool has_entries = array_at(section, "entry", entries, place);
  bool has_reason = object_at(section, "emptyReason", reason, place);
  need(!(has_entries && has_reason), place, "entry and emptyReason exclude each other");
  bool refers = has_entries && check_entries(entries, known, composition, index, place);
  if (is_required(known))
    need(refers || has_reason, place, "a required section needs an entry or an emptyReason");
  return known;
}

}  // namespace

bool EntryIndex::comes_before(const Known& a, const Known& b) {
  return a.hash != b.hash ? a.hash < b.hash : a.url < b.url;
}

EntryIndex::EntryIndex(const BundleFacts& facts) : facts_(facts) {
  known_.reserve(facts.entries.size());
  for (const EntryFacts& entry : facts.entries)
    known_.push_back({std::hash<std::string_view>{}(entry.full_url), entry.full_url, &entry});
  std::sort(known_.begin(), known_.end(), comes_before);
  const auto same = [](const Known& a, const Known& b) { return a.hash == b.hash && a.url == b.url; };
  const auto twice = std::adjacent_find(known_.begin(), known_.end(), same);
  if (twice == known_.end()) return;
  const EntryFacts* later = std::max(twice->entry, std::next(twice)->entry);
  throw Refused{"entry[" + std::to_string(later - facts.entries.data()) + "].fullUrl", "not unique"};
}

// Relative references start from the base of the fullUrl of the entry that holds them; a urn:uuid has none.
const EntryFacts* EntryIndex::find(std::string_view reference, const EntryFacts& from) const {
  reference = reference.substr(0, reference.find("/_history/"));
  if (reference.empty()) return nullptr;
  std::string_view absolute = reference;
  std::string resolved;
  if (!reference.starts_with("urn:") && !reference.starts_with("http:") && !reference.starts_with("https:")) {
    if (!from.full_url.starts_with("http")) return nullptr;
    std::size_t id = from.full_url.rfind('/');
    std::size_t kind =
        id == std::string_view::npos || id == 0 ? std::string_view::npos : from.full_url.rfind('/', id - 1);
    if (kind == std::string_view::npos) return nullptr;
    absolute = resolved.append(from.full_url.substr(0, kind + 1)).append(reference);
  }
  const Known wanted{std::hash<std::string_view>{}(absolute), absolute, nullptr};
  const auto found = std::lower_bound(known_.begin(), known_.end(), wanted, comes_before);
  return found != known_.end() && found->url == absolute ? found->entry : nullptr;
}

bool EntryIndex::is_contained(std::string_view reference, const EntryFacts& from) const {
  if (!reference.starts_with('#')) return false;
  reference.remove_prefix(1);
  const auto ids = from.contained.of(facts_.contained_ids);
  return reference.empty() || std::find(ids.begin(), ids.end(), reference) != ids.end();
}

void check_bundle_members(const dom::object& bundle, bool document) {
  need(!has(bundle, "total"), "total", "only searches and histories have one");
  if (!document) return;
  dom::object identifier;
  need(object_at(bundle, "identifier", identifier, "Bundle"), "identifier", "required");
  need(!text_at(identifier, "system").empty() && !text_at(identifier, "value").empty(), "identifier",
       "needs system and value");
  need(is("uri", text_at(identifier, "system")), "identifier.system", "not a uri");
  need(has(bundle, "timestamp"), "timestamp", "required");
  need(is("instant", text_at(bundle, "timestamp")), "timestamp", "not an instant");
}

void check_composition(const dom::object& composition, const EntryFacts& facts, const EntryIndex& index) {
  const std::string place = "entry[0].resource";
  static constexpr std::string_view kStatus[] = {"preliminary", "final", "amended", "entered-in-error"};
  std::string_view status = text_at(composition, "status");
  need(std::find(std::begin(kStatus), std::end(kStatus), status) != std::end(kStatus), place + ".status",
       "not a status of a Composition");
  dom::object type, subject;
  dom::array authors, sections;
  need(object_at(composition, "type", type, place) && has_code(type, kLoinc, "60591-5"), place + ".type",
       "not a patient summary (LOINC 60591-5)");
  need(object_at(composition, "subject", subject, place), place + ".subject", "required");
  const EntryFacts* patient = index.find(text_at(subject, "reference"), facts);
  need(patient && patient->kind == "Patient", place + ".subject", "does not resolve to the Patient");
  need(is("dateTime", text_at(composition, "date")), place + ".date", "not a dateTime");
  need(array_at(composition, "author", authors, place), place + ".author", "required");
  need(!text_at(composition, "title").empty(), place + ".title", "required");
  need(array_at(composition, "section", sections, place), place + ".section", "required");
  bool seen[kSections + 1] = {};
  std::size_t number = 0;
  for (const dom::element element : sections) {
    std::string at = place + ".section[" + std::to_string(number++) + ']';
    dom::object section;
    need(element.get(section) == simdjson::SUCCESS, at, "not an object");
    Section known = check_section(section, facts, index, at);
    if (known == Section::kNone) continue;
    need(!seen[static_cast<int>(known)], at, "this section occurs twice");
    seen[static_cast<int>(known)] = true;
  }
  for (Section required : {Section::kProblems, Section::kAllergies, Section::kMedications})
    if (!seen[static_cast<int>(required)])
      throw Refused{place + ".section",
                    "the required section " + std::string(section_text(required).code) + " is missing"};
}

// ips-pat-1
void check_patient(const dom::object& patient, const std::string& place) {
  dom::array names;
  need(array_at(patient, "name", names, place), place + ".name", "required");
  for (const dom::element element : names) {
    dom::object name;
    need(element.get(name) == simdjson::SUCCESS, place + ".name", "not an object");
    bool says = has(name, "family") || has(name, "given") || has(name, "text") || has(name, "_family") ||
                has(name, "_given") || has(name, "_text");
    need(says, place + ".name", "needs family, given or text");
  }
  if (has(patient, "birthDate"))
    need(is("date", text_at(patient, "birthDate")), place + ".birthDate", "not a date");
}

}  // namespace edge::fhir
