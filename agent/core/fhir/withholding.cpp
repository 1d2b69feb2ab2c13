#include "agent/core/fhir/withholding.h"

#include <algorithm>
#include <array>

#include "agent/core/fhir/references.h"
#include "agent/core/fhir/shape.h"

namespace edge::fhir {

namespace {

constexpr int kSections = 17;

using Stays = std::function<bool(std::string_view)>;

// A reference to what is not beside it, or words for something nobody knows the kind of.
bool points_elsewhere(const Node& node, const std::vector<std::string>& contained, const Stays& stays) {
  const Node* literal = node.find("reference");
  if (literal && literal->is_string() && literal->text.starts_with('#'))
    return literal->text.size() > 1 &&
           std::find(contained.begin(), contained.end(), literal->text.substr(1)) == contained.end();
  if (literal && literal->is_string()) {
    const Target target = read_reference(literal->text);
    const bool supporting = is_supporting_kind(target.kind) && target.kind != "Patient";
    return !supporting && (target.full_url.empty() || !stays(target.full_url));
  }
  // A Coding has a display too, and says what it is.
  const bool coding = node.find("code") || node.find("system");
  return node.find("display") && !coding && !is_supporting_kind(node.string_at("type"));
}

// Members whose references name people, places and medicines only.
bool names_support(std::string_view member) {
  static constexpr std::array<std::string_view, 12> kNames{
      "asserter", "author",    "custodian", "location",  "managingOrganization", "medicationReference",
      "patient",  "performer", "recorder",  "requester", "serviceProvider",      "subject"};
  return std::find(kNames.begin(), kNames.end(), member) != kNames.end();
}

void walk(Node& node, bool support, const std::vector<std::string>& contained, const Stays& stays) {
  if (node.is_object() && points_elsewhere(node, contained, stays) && !(support && !node.find("reference"))) {
    node = absent_reason();
    return;
  }
  for (Node& item : node.items) walk(item, support, contained, stays);
  for (Member& member : node.members) walk(member.value, names_support(member.name), contained, stays);
}

}  // namespace

Withholding::Withholding(const std::vector<Section>& permitted, bool marked) : marked_(marked) {
  for (const Section section : permitted) permitted_ |= bit(section);
  any_ = permitted_ != (1U << kSections) - 1;
}

bool Withholding::takes_out(const Prepared& resource) const {
  if (!any_ || resource.kind == "Patient") return false;
  if (resource.section == Section::kNone && resource.patient_key.empty()) return false;
  return covers(resource.section);
}

bool is_supporting_kind(std::string_view kind) {
  static constexpr std::array<std::string_view, 11> kKinds{
      "CareTeam",     "Device",       "HealthcareService", "Location",      "Medication", "Patient",
      "Organization", "Practitioner", "PractitionerRole",  "RelatedPerson", "Substance"};
  return std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end();
}

void take_out_words(Node& resource, const Stays& stays) {
  resource.remove("text");
  std::vector<std::string> contained;
  if (Node* list = resource.find("contained"); list && list->is_array()) {
    std::erase_if(list->items,
                  [](const Node& one) { return !is_supporting_kind(one.string_at("resourceType")); });
    for (Node& one : list->items) {
      one.remove("text");
      contained.emplace_back(one.string_at("id"));
    }
    if (list->items.empty()) resource.remove("contained");
  }
  walk(resource, false, contained, stays);
}

}  // namespace edge::fhir
