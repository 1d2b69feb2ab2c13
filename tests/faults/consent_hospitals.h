// Two hospitals for the tests of consent: one that has a planted patient, and one that asks for him.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tests/support/federation.h"

namespace consent_hospitals {

inline const std::string kPatient = "urn:planted|PLANTED-4711";
inline const std::string kProblem = "PLANTEDPROBLEM", kAllergy = "PLANTEDALLERGY";

// What the answering hospital has of him.
nlohmann::json record();
// A FHIR Consent of his, as a HIS has it.
nlohmann::json privacy_consent(const nlohmann::json& provision, const std::string& status = "active");

class Hospitals {
 public:
  explicit Hospitals(const test_support::Settings& settings = {});

  void import(const nlohmann::json& resource);
  test_support::CommandResult ask(const std::vector<std::string>& more = {},
                                  const std::string& patient = kPatient);
  // Whether a bundle came; otherwise the answer must be `not-available`.
  bool given(const std::vector<std::string>& more = {});
  nlohmann::json explain(const std::vector<std::string>& more = {});
  std::string grant(const std::vector<std::string>& more = {}, const std::string& patient = kPatient,
                    const std::string& purpose = "TREAT");
  std::int64_t count(const std::string& query);
  void check_ledger();

  test_support::Federation federation;
  test_support::AgentProcess& answering;
  test_support::AgentProcess& asking;
  std::filesystem::path file;
};

}  // namespace consent_hospitals
