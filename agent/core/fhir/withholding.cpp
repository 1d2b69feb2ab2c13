#include "agent/core/fhir/withholding.h"

#include <algorithm>
#include <array>

#include "agent/core/fhir/references.h"
#include "agent/core/fhir/shape.h"

namespace edge::fhir {

namespace {

constexpr int kSections = 17;

using Stays = std::function<bool(std::string_view)>;

// What a walk through one resource goes by.
struct Reach {
  const Withholding& withheld;
  const Stays& stays;
  std::vector<std::string> contained;
};

// A reference to what is not beside it, or words or an identifier for something nobody knows the kind of.
bool points_elsewhere(const Node& node, const Reach& reach) {
  const Node* literal = node.find("reference");
  if (literal && literal->is_string() && literal->text.starts_with('#'))
    return literal->text.size() > 1 && std::find(reach.contained.begin(), reach.contained.end(),
                                                 literal->text.substr(1)) == reach.contained.end();
  if (literal && literal->is_string()) {
    const Target target = read_reference(literal->text);
    const bool supporting = reach.withheld.lets_support(target.kind) && target.kind != "Patient";
    return !supporting && (target.full_url.empty() || !reach.stays(target.full_url));
  }
  if (reach.withheld.lets_support(node.string_at("type"))) return false;
  // A Coding has a display too, and says what it is.
  const bool coding = node.find("code") || node.find("system");
  const Node* identifier = node.find("identifier");
  return (node.find("display") && !coding) || (identifier && identifier->is_object());
}

// Members whose references name people, places and medicines only.
bool names_support(std::string_view member) {
  static constexpr std::array<std::string_view, 12> kNames{
      "asserter", "author",    "custodian", "location",  "managingOrganization", "medicationReference",
      "patient",  "performer", "recorder",  "requester", "serviceProvider",      "subject"};
  return std::find(kNames.begin(), kNames.end(), member) != kNames.end();
}

void walk(Node& node, bool support, const Reach& reach) {
  if (node.is_object() && points_elsewhere(node, reach) && !(support && !node.find("reference"))) {
    node = absent_reason();
    return;
  }
  for (Node& item : node.items) walk(item, support, reach);
  for (Member& member : node.members) walk(member.value, names_support(member.name), reach);
}

}  // namespace

Withholding::Withholding(const std::vector<Section>& permitted, bool marked) : marked_(marked) {
  for (const Section section : permitted) permitted_ |= bit(section);
  any_ = permitted_ != (1U << kSections) - 1;
}

bool Withholding::takes_out(const Prepared& resource) const {
  if (!any_ || resource.kind == "Patient") return false;
  if (resource.kind == "Medication" && covers(Section::kMedications)) return true;
  if (resource.section == Section::kNone && resource.patient_key.empty()) return false;
  return covers(resource.section);
}

bool Withholding::lets_support(std::string_view kind) const {
  return is_supporting_kind(kind) && !(kind == "Medication" && covers(Section::kMedications)) &&
         !(kind == "Device" && covers(Section::kDevices));
}

bool is_supporting_kind(std::string_view kind) {
  static constexpr std::array<std::string_view, 11> kKinds{
      "CareTeam",     "Device",       "HealthcareService", "Location",      "Medication", "Patient",
      "Organization", "Practitioner", "PractitionerRole",  "RelatedPerson", "Substance"};
  return std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end();
}

void take_out_words(Node& resource, const Withholding& withheld, const Stays& stays) {
  resource.remove("text");
  Reach reach{withheld, stays, {}};
  if (Node* list = resource.find("contained"); list && list->is_array()) {
    std::erase_if(list->items,
                  [&](const Node& one) { return !withheld.lets_support(one.string_at("resourceType")); });
    for (Node& one : list->items) {
      one.remove("text");
      reach.contained.emplace_back(one.string_at("id"));
    }
    if (list->items.empty()) resource.remove("contained");
  }
  for (Member& member : resource.members) walk(member.value, names_support(member.name), reach);
}

}  // namespace edge::fhir
