#include "agent/core/fhir/sections.h"

#include <array>
#include <stdexcept>

namespace edge::fhir {

namespace {

constexpr std::string_view kNothing = "No data of this kind are available.";

constexpr std::array<SectionText, 16> kSections{{
    {Section::kProblems, "11450-4", "Problem List", "Problem", "Details", "Onset",
     "No information about problems is available."},
    {Section::kAllergies, "48765-2", "Allergies and Intolerances", "Substance or allergy", "Details", "Onset",
     "No information about allergies is available."},
    {Section::kMedications, "10160-0", "Medication Summary", "Medicine", "Dosage", "Date",
     "No information about medication is available."},
    {Section::kImmunizations, "11369-6", "Immunizations", "Vaccine", "Details", "Date", kNothing},
    {Section::kResults, "30954-2", "Results", "Test", "Result", "Date", kNothing},
    {Section::kProcedures, "47519-4", "History of Procedures", "Procedure", "Details", "Date", kNothing},
    {Section::kDevices, "46264-8", "Medical Devices", "Device", "Details", "Date", kNothing},
    {Section::kAdvanceDirectives, "42348-3", "Advance Directives", "Directive", "Details", "Date", kNothing},
    {Section::kAlerts, "104605-1", "Alerts", "Alert", "Details", "Date", kNothing},
    {Section::kFunctionalStatus, "47420-5", "Functional Status", "Assessment", "Details", "Date", kNothing},
    {Section::kPastProblems, "11348-0", "History of Past Problems", "Problem", "Details", "Onset", kNothing},
    {Section::kPregnancy, "10162-6", "History of Pregnancy", "Observation", "Value", "Date", kNothing},
    {Section::kPatientStory, "81338-6", "Patient Story", "Document", "Details", "Date", kNothing},
    {Section::kPlanOfCare, "18776-5", "Plan of Care", "Plan", "Activities", "Date", kNothing},
    {Section::kSocialHistory, "29762-2", "Social History", "Observation", "Value", "Date", kNothing},
    {Section::kVitalSigns, "8716-3", "Vital Signs", "Observation", "Value", "Date", kNothing},
}};

}  // namespace

const SectionText& section_text(Section section) {
  for (const SectionText& text : kSections)
    if (text.section == section) return text;
  throw std::logic_error("not a section");
}

}  // namespace edge::fhir
