// What a list of patients says of one. Pure and thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace edge::his {

// Of a FHIR Patient as JSON text; what it doesn't say is empty.
struct PatientText {
  std::string name;  // the official one, else the first that is not old: its text, or given and family names
  std::string birth_date;
};
PatientText describe_patient(std::string_view patient_json);

}  // namespace edge::his
