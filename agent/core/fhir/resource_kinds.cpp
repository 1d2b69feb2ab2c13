#include "agent/core/fhir/resource_kinds.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace edge::fhir {

namespace {

// In alphabetical order.
constexpr std::string_view kKindsText =
    "Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse"
    " AuditEvent Basic Binary BiologicallyDerivedProduct BodyStructure Bundle CapabilityStatement CarePlan"
    " CareTeam CatalogEntry ChargeItem ChargeItemDefinition Claim ClaimResponse ClinicalImpression"
    " CodeSystem Communication CommunicationRequest CompartmentDefinition Composition ConceptMap Condition"
    " Consent Contract Coverage CoverageEligibilityRequest CoverageEligibilityResponse DetectedIssue"
    " Device DeviceDefinition DeviceMetric DeviceRequest DeviceUseStatement DiagnosticReport"
    " DocumentManifest DocumentReference EffectEvidenceSynthesis Encounter Endpoint EnrollmentRequest"
    " EnrollmentResponse EpisodeOfCare EventDefinition Evidence EvidenceVariable ExampleScenario"
    " ExplanationOfBenefit FamilyMemberHistory Flag Goal GraphDefinition Group GuidanceResponse"
    " HealthcareService ImagingStudy Immunization ImmunizationEvaluation ImmunizationRecommendation"
    " ImplementationGuide InsurancePlan Invoice Library Linkage List Location Measure MeasureReport Media"
    " Medication MedicationAdministration MedicationDispense MedicationKnowledge MedicationRequest"
    " MedicationStatement MedicinalProduct MedicinalProductAuthorization MedicinalProductContraindication"
    " MedicinalProductIndication MedicinalProductIngredient MedicinalProductInteraction"
    " MedicinalProductManufactured MedicinalProductPackaged MedicinalProductPharmaceutical"
    " MedicinalProductUndesirableEffect MessageDefinition MessageHeader MolecularSequence NamingSystem"
    " NutritionOrder Observation ObservationDefinition OperationDefinition OperationOutcome Organization"
    " OrganizationAffiliation Parameters Patient PaymentNotice PaymentReconciliation Person PlanDefinition"
    " Practitioner PractitionerRole Procedure Provenance Questionnaire QuestionnaireResponse RelatedPerson"
    " RequestGroup ResearchDefinition ResearchElementDefinition ResearchStudy ResearchSubject"
    " RiskAssessment RiskEvidenceSynthesis Schedule SearchParameter ServiceRequest Slot Specimen"
    " SpecimenDefinition StructureDefinition StructureMap Subscription SubscriptionStatus Substance"
    " SubstanceNucleicAcid SubstancePolymer SubstanceProtein SubstanceReferenceInformation"
    " SubstanceSourceMaterial SubstanceSpecification SupplyDelivery SupplyRequest Task"
    " TerminologyCapabilities TestReport TestScript ValueSet VerificationResult VisionPrescription";

constexpr auto kKinds = [] {
  std::array<std::string_view, std::count(kKindsText.begin(), kKindsText.end(), ' ') + 1> kinds;
  std::string_view rest = kKindsText;
  for (std::string_view& kind : kinds) {
    kind = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), kind.size() + 1));
  }
  return kinds;
}();
static_assert(std::is_sorted(kKinds.begin(), kKinds.end()));

using Names = std::array<std::string_view, 4>;

constexpr std::pair<std::string_view, Names> kRequired[] = {
    {"Composition", {"status", "type", "subject", "date"}},
    {"Patient", {"name", "birthDate"}},
    {"AllergyIntolerance", {"code", "patient"}},
    {"Condition", {"code", "subject"}},
    {"MedicationStatement", {"status", "medication*", "subject", "effective*"}},
    {"MedicationRequest", {"status", "intent", "medication*", "subject"}},
    {"MedicationAdministration", {"status", "medication*", "subject", "effective*"}},
    {"Medication", {"code"}},
    {"Immunization", {"status", "vaccineCode", "patient", "occurrence*"}},
    {"Procedure", {"status", "code", "subject", "performed*"}},
    {"Observation", {"status", "code"}},
    {"DiagnosticReport", {"status", "code", "subject", "effective*"}},
    {"DeviceUseStatement", {"status", "subject", "timing*", "device"}},
    {"Flag", {"status", "code", "subject"}},
    {"CarePlan", {"status", "intent", "subject"}},
    {"ImagingStudy", {"status", "subject"}},
    {"Specimen", {"type"}},
    {"Practitioner", {"name"}},
    {"Organization", {"name"}},
};

}  // namespace

bool is_resource_kind(std::string_view name) {
  return std::binary_search(kKinds.begin(), kKinds.end(), name);
}

std::span<const std::string_view> required_members(std::string_view kind) {
  for (const auto& [known, names] : kRequired)
    if (known == kind)
      return std::span(names).first(static_cast<std::size_t>(
          std::find(names.begin(), names.end(), std::string_view()) - names.begin()));
  return {};
}

}  // namespace edge::fhir
