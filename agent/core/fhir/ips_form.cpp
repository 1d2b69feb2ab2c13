#include "agent/core/fhir/ips_form.h"

#include <algorithm>

#include "agent/core/fhir/concepts.h"
#include "agent/core/fhir/observation_form.h"
#include "agent/core/fhir/shape.h"

namespace edge::fhir {

namespace {

constexpr std::string_view kConditionClinical = "http://terminology.hl7.org/CodeSystem/condition-clinical";
constexpr std::string_view kAbsentUnknown = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips";

bool has_choice(const Node& resource, std::string_view base) {
  for (const Member& member : resource.members) {
    std::string_view name = member.name;
    if (name.starts_with('_')) name.remove_prefix(1);
    if (name.size() > base.size() && name.starts_with(base) && name[base.size()] >= 'A' &&
        name[base.size()] <= 'Z')
      return true;
  }
  return false;
}

class Completer {
 public:
  Completer(Node& resource, std::vector<std::string>& notes)
      : r_(resource), notes_(notes), kind_(resource.string_at("resourceType")) {}

  void completed(std::string_view element) {
    notes_.push_back(kind_ + '.' + std::string(element) + " completed");
  }

  void need_code(std::string_view element) {
    if (r_.find(element)) return;
    r_.set(element, unknown_concept());
    completed(element);
  }
  void need_date(std::string_view base) {
    if (has_choice(r_, base)) return;
    r_.set('_' + std::string(base) + "DateTime", absent_reason());
    completed(base);
  }
  void need_primitive(const std::string& element) {
    if (r_.find(element) || r_.find('_' + element)) return;
    r_.set('_' + element, absent_reason());
    completed(element);
  }

  std::string patient();
  std::string condition();
  std::string allergy();
  std::string medication_request();
  std::string device_use();
  void consent();
  void human_name();
  void specimen();
  void organization();
  // The codes IPS 1 had for "none" and "no information" are accepted, never sent.
  void renew_absent_codes(Node& node);

 private:
  Node& r_;
  std::vector<std::string>& notes_;
  std::string kind_;
};

std::string Completer::patient() {
  r_.remove("link");  // other patients have no place in this patient's document
  Node* names = r_.find("name");
  auto says_nothing = [](const Node& name) {
    return !name.find("family") && !name.find("given") && !name.find("text") && !name.find("_family") &&
           !name.find("_text");
  };
  if (names) std::erase_if(names->items, says_nothing);
  if (!names || names->items.empty()) {
    Node name = Node::object();
    name.set("_text", absent_reason());
    r_.set("name", Node::array()).items.push_back(std::move(name));
    completed("name");
  }
  need_primitive("birthDate");
  return {};
}

// con-4, con-5
std::string Completer::condition() {
  need_code("code");
  const Node* status = r_.find("clinicalStatus");
  bool over = has_coding(status, kConditionClinical, "inactive") ||
              has_coding(status, kConditionClinical, "resolved") ||
              has_coding(status, kConditionClinical, "remission");
  if (!has_choice(r_, "abatement") || over) return {};
  if (!status) {
    Node coding = Node::object();
    coding.set("system", Node::string(kConditionClinical));
    coding.set("code", Node::string("resolved"));
    Node resolved = Node::object();
    resolved.set("coding", Node::array()).items.push_back(std::move(coding));
    r_.set("clinicalStatus", std::move(resolved));
    completed("clinicalStatus");
    return {};
  }
  std::erase_if(r_.members, [](const Member& member) {
    return member.name.starts_with("abatement") || member.name.starts_with("_abatement");
  });
  notes_.push_back("Condition.abatement left out: it contradicts clinicalStatus");
  return {};
}

// ait-1
std::string Completer::allergy() {
  need_code("code");
  if (!r_.find("clinicalStatus")) {
    r_.set("clinicalStatus", absent_reason());
    completed("clinicalStatus");
  }
  return {};
}

std::string Completer::medication_request() {
  const Node* forbids = r_.find("doNotPerform");
  if (forbids && forbids->text == "true")
    return "an order not to give a medicine is no medication of a summary";
  return {};
}

std::string Completer::device_use() {
  r_.remove("timingTiming");
  need_date("timing");
  return {};
}

// ppc-1
void Completer::consent() {
  if (r_.find("policy") || r_.find("policyRule")) return;
  r_.set("policyRule", unknown_concept());
  completed("policyRule");
}

void Completer::human_name() {
  if (r_.find("name")) return;
  r_.set("name", Node::array()).items.push_back(absent_reason());
  completed("name");
}

void Completer::specimen() {
  need_code("type");
  if (const Node* subject = r_.find("subject"); subject && !subject->find("reference")) r_.remove("subject");
}

// IPS wants a name; org-2 and org-3: an organization has no home.
void Completer::organization() {
  need_primitive("name");
  for (const char* list : {"telecom", "address"})
    if (Node* contacts = r_.find(list))
      for (Node& contact : contacts->items)
        if (contact.string_at("use") == "home") contact.remove("use");
}

std::string_view renewed_code(std::string_view old) {
  static constexpr std::pair<std::string_view, std::string_view> kCodes[] = {
      {"no-known-allergies", "716186003"},
      {"no-known-medication-allergies", "409137002"},
      {"no-known-environmental-allergies", "428607008"},
      {"no-known-food-allergies", "429625007"},
      {"no-known-problems", "160245001"},
      {"no-known-medications", "787481004"},
      {"no-known-procedures", "787480003"},
      {"no-known-immunizations", "787482006"},
      {"no-known-devices", "787483001"}};
  for (auto [from, to] : kCodes)
    if (from == old) return to;
  return "1287211007";  // no information available
}

void Completer::renew_absent_codes(Node& node) {
  for (Node& item : node.items) renew_absent_codes(item);
  for (Member& member : node.members) renew_absent_codes(member.value);
  if (node.string_at("system") != kAbsentUnknown || !node.find("code")) return;
  node.set("code", Node::string(renewed_code(node.string_at("code"))));
  node.set("system", Node::string(kSnomed));
  notes_.push_back(kind_ + ": a code of IPS 1 replaced by its successor");
}

bool entered_in_error(const Node& resource) {
  return resource.string_at("status") == "entered-in-error" ||
         has_coding(resource.find("verificationStatus"), "", "entered-in-error");
}

bool needs_patient(std::string_view kind) {
  static constexpr std::string_view kFree[] = {"Patient",          "Medication",   "Device",   "Practitioner",
                                               "PractitionerRole", "Organization", "Location", "Specimen"};
  return std::find(std::begin(kFree), std::end(kFree), kind) == std::end(kFree);
}

}  // namespace

std::string complete_for_ips(Node& resource, bool has_patient, std::vector<std::string>& notes) {
  const std::string kind(resource.string_at("resourceType"));
  if (resource.find("implicitRules")) return "it depends on implicitRules";
  if (entered_in_error(resource)) return "entered in error";
  if (needs_patient(kind) && !has_patient) return "its subject is not a Patient of this source";
  Completer complete(resource, notes);
  complete.renew_absent_codes(resource);
  if (kind == "Patient") return complete.patient();
  if (kind == "Condition") return complete.condition();
  if (kind == "AllergyIntolerance") return complete.allergy();
  if (kind == "MedicationRequest") return complete.medication_request();
  if (kind == "DeviceUseStatement") return complete.device_use();
  if (kind == "Observation") return complete_observation(resource, notes);
  if (kind == "Flag" && resource.string_at("status") != "active") return "the flag is not active";
  if (kind == "MedicationStatement" || kind == "DiagnosticReport") complete.need_date("effective");
  if (kind == "Procedure") complete.need_date("performed");
  if (kind == "Procedure" || kind == "Medication") complete.need_code("code");
  if (kind == "Specimen") complete.specimen();
  if (kind == "Consent") complete.consent();
  if (kind == "Practitioner") complete.human_name();
  if (kind == "Organization") complete.organization();
  return {};
}

}  // namespace edge::fhir
