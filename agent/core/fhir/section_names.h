// The names of the sections as people and messages write them: `--sections`, [[section]] in the
// configuration, `params.sections` of a request. Spelled here only. Pure and thread-safe.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "agent/core/fhir/prepared.h"

namespace edge::fhir {

inline constexpr std::array<std::pair<Section, std::string_view>, 16> kSectionNames{{
    {Section::kProblems, "problems"},
    {Section::kAllergies, "allergies"},
    {Section::kMedications, "medications"},
    {Section::kImmunizations, "immunizations"},
    {Section::kResults, "results"},
    {Section::kProcedures, "procedures"},
    {Section::kDevices, "devices"},
    {Section::kAdvanceDirectives, "advance-directives"},
    {Section::kAlerts, "alerts"},
    {Section::kFunctionalStatus, "functional-status"},
    {Section::kPastProblems, "past-problems"},
    {Section::kPregnancy, "pregnancy"},
    {Section::kPatientStory, "patient-story"},
    {Section::kPlanOfCare, "plan-of-care"},
    {Section::kSocialHistory, "social-history"},
    {Section::kVitalSigns, "vital-signs"},
}};

// Empty for kNone.
constexpr std::string_view section_name(Section section) {
  for (const auto& [value, name] : kSectionNames)
    if (value == section) return name;
  return {};
}

constexpr std::optional<Section> section_from_name(std::string_view name) {
  for (const auto& [value, text] : kSectionNames)
    if (text == name) return value;
  return std::nullopt;
}

// The three sections every International Patient Summary has.
constexpr bool section_is_required(Section section) {
  return section == Section::kProblems || section == Section::kAllergies || section == Section::kMedications;
}

}  // namespace edge::fhir
