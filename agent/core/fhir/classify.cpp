#include "agent/core/fhir/classify.h"

#include <algorithm>

#include "agent/core/fhir/concepts.h"
#include "agent/core/fhir/observation_form.h"
#include "agent/core/fhir/primitives.h"

namespace edge::fhir {

namespace {

using Texts = std::initializer_list<std::string_view>;

bool is_one_of(std::string_view text, Texts texts) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

// Without a clinical status a problem counts as active: a reader must not miss it.
bool is_current(const Node& ips) {
  std::string_view status = first_code(ips.find("clinicalStatus"));
  return !is_one_of(status, {"inactive", "remission", "resolved"}) &&
         !has_coding(ips.find("verificationStatus"), "", "refuted");
}

Section condition_section(const Node& ips) {
  const Node* category = ips.find("category");
  if (has_coding(category, kLoinc, "47420-5") || has_coding(category, "", "functional-status"))
    return Section::kFunctionalStatus;
  return is_current(ips) ? Section::kProblems : Section::kPastProblems;
}

// Documents go where their LOINC type says they belong; a note of no section stays with `everything`.
Section document_section(const Node& ips) {
  static constexpr std::pair<std::string_view, Section> kTypes[] = {
      {"11450-4", Section::kProblems},          {"48765-2", Section::kAllergies},
      {"10160-0", Section::kMedications},       {"11369-6", Section::kImmunizations},
      {"30954-2", Section::kResults},           {"11502-2", Section::kResults},
      {"18748-4", Section::kResults},           {"47519-4", Section::kProcedures},
      {"11504-8", Section::kProcedures},        {"46264-8", Section::kDevices},
      {"42348-3", Section::kAdvanceDirectives}, {"104605-1", Section::kAlerts},
      {"47420-5", Section::kFunctionalStatus},  {"11348-0", Section::kPastProblems},
      {"10162-6", Section::kPregnancy},         {"81338-6", Section::kPatientStory},
      {"18776-5", Section::kPlanOfCare},        {"29762-2", Section::kSocialHistory},
      {"8716-3", Section::kVitalSigns}};
  if (ips.string_at("status") != "current") return Section::kNone;
  for (auto [code, section] : kTypes)
    if (has_coding(ips.find("type"), kLoinc, code)) return section;
  return Section::kNone;
}

// Advance directives are one scope of Consent; consents to research or to share data say nothing clinical.
Section consent_section(const Node& ips) {
  bool directive = has_coding(ips.find("scope"), "", "adr") || has_coding(ips.find("category"), "", "acd") ||
                   has_coding(ips.find("category"), "", "dnr") ||
                   has_coding(ips.find("category"), kLoinc, "42348-3") ||
                   has_coding(ips.find("scope"), "", "treatment");
  return directive ? Section::kAdvanceDirectives : Section::kNone;
}

Section section_of(const Node& ips, const std::string& kind) {
  if (kind == "Condition") return condition_section(ips);
  if (kind == "AllergyIntolerance") return Section::kAllergies;
  if (is_one_of(kind, {"MedicationRequest", "MedicationStatement", "MedicationAdministration"}))
    return Section::kMedications;
  if (kind == "Immunization") return Section::kImmunizations;
  if (kind == "Observation") return observation_section(ips);
  if (kind == "DiagnosticReport") return Section::kResults;
  if (kind == "Procedure") return Section::kProcedures;
  if (kind == "DeviceUseStatement") return Section::kDevices;
  if (kind == "Device") return ips.find("patient") ? Section::kDevices : Section::kNone;
  if (kind == "Flag") return Section::kAlerts;
  if (kind == "ClinicalImpression") return Section::kFunctionalStatus;
  if (kind == "CarePlan" || kind == "ImmunizationRecommendation") return Section::kPlanOfCare;
  if (kind == "Consent") return consent_section(ips);
  return kind == "DocumentReference" ? document_section(ips) : Section::kNone;
}

std::string relevant_date(const Node& ips) {
  for (std::string_view base : {"effective", "performed", "occurrence", "timing", "onset"})
    if (std::string date = choice_date(ips, base); !date.empty()) return date;
  for (std::string_view name : {"authoredOn", "recordedDate", "recordedOn", "issued", "dateAsserted",
                                "started", "date", "dateTime", "created", "manufactureDate"})
    if (std::string_view date = ips.string_at(name); !date.empty()) return std::string(date);
  const Node* period = ips.find("period");
  return period ? std::string(period->string_at("start")) : std::string();
}

std::string main_code(const Node& ips) {
  for (std::string_view name : {"code", "vaccineCode", "medicationCodeableConcept", "type"})
    if (std::string key = concept_key(ips.find(name)); !key.empty()) return key;
  if (const Node* medication = ips.find("medicationReference")) {
    std::string_view target = medication->string_at("reference");
    return std::string(target.starts_with('#') ? medication->string_at("display") : target);
  }
  return {};
}

bool is_active(const Node& ips, const std::string& kind) {
  if (kind == "Condition" || kind == "AllergyIntolerance") return is_current(ips);
  return is_one_of(ips.string_at("status"),
                   {"active", "in-progress", "on-hold", "intended", "draft", "current", "unknown"});
}

}  // namespace

void classify(const Node& ips, Prepared& prepared) {
  prepared.section = section_of(ips, prepared.kind);
  prepared.date = sortable_time(relevant_date(ips));
  prepared.code = main_code(ips);
  prepared.active = is_active(ips, prepared.kind);
}

}  // namespace edge::fhir
