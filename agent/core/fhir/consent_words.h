// The systems and codes both directions of consent_form.h use.
#pragma once

#include <string_view>

namespace edge::fhir::consent_words {

inline constexpr std::string_view kScopeSystem = "http://terminology.hl7.org/CodeSystem/consentscope";
inline constexpr std::string_view kPrivacy = "patient-privacy";
inline constexpr std::string_view kActCode = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
inline constexpr std::string_view kParticipation =
    "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
inline constexpr std::string_view kActReason = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
inline constexpr std::string_view kAction = "http://terminology.hl7.org/CodeSystem/consentaction";
inline constexpr std::string_view kResourceTypes = "http://hl7.org/fhir/resource-types";
inline constexpr std::string_view kLoincSystem = "http://loinc.org";
inline constexpr std::string_view kPrivacyCategory = "59284-0";  // LOINC: Patient Consent

}  // namespace edge::fhir::consent_words
