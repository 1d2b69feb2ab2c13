#include "tests/unit/edge_fhir/sample_consent.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace sample_consent {

using edge::fhir::ConsentDocument;
using nlohmann::json;

json actor(const std::string& value, const std::string& system) {
  return {
      {"role",
       {{"coding",
         {{{"system", "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"}, {"code", "IRCP"}}}}}},
      {"reference", {{"identifier", {{"system", system}, {"value", value}}}}}};
}
json purpose(const std::string& code) {
  return {{"system", "http://terminology.hl7.org/CodeSystem/v3-ActReason"}, {"code", code}};
}
json section(const std::string& code) {
  return {{"coding", {{{"system", "http://loinc.org"}, {"code", code}}}}};
}
json policy_rule(const std::string& code) {
  return {{"coding", {{{"system", "http://terminology.hl7.org/CodeSystem/v3-ActCode"}, {"code", code}}}}};
}

json consent(const json& provision) {
  return {
      {"resourceType", "Consent"},
      {"id", "c1"},
      {"status", "active"},
      {"scope",
       {{"coding",
         {{{"system", "http://terminology.hl7.org/CodeSystem/consentscope"}, {"code", "patient-privacy"}}}}}},
      {"category", {section("59284-0")}},
      {"patient", {{"reference", "Patient/p1"}}},
      {"dateTime", "2026-11-22"},
      {"policyRule", policy_rule("OPTIN")},
      {"provision", provision}};
}

ConsentDocument read(const json& document) {
  auto out = edge::fhir::read_consent(document.dump());
  INFO((out ? "" : out.error().reason) << "\n" << document.dump(1));
  REQUIRE(out);
  return *out;
}
std::string refused(const json& document) {
  const auto out = edge::fhir::read_consent(document.dump());
  return out ? "read" : out.error().reason;
}

}  // namespace sample_consent
