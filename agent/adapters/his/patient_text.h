// What people read about a patient of the embedded HIS: a line in a list, a page for `his show`.
#pragma once

#include <string>
#include <string_view>

#include "agent/adapters/his/sqlite_store.h"

namespace edge::his {

// Of a FHIR Patient as JSON text; what it doesn't say is empty.
struct PatientText {
  std::string name;  // the official one, else the first that is not old: its text, or given and family names
  std::string birth_date;
  std::string gender;
  std::string deceased;  // the date, or "yes"
};
PatientText describe_patient(std::string_view patient_json);

// The patient with identifiers, number of resources by kind, and the sections a document would have, in words
// (English). Text from the HIS appears without control characters. Empty if there is no such patient. Throws
// Unavailable.
std::string render_patient(SqliteStore& store, const std::string& patient_key);
// The same facts as JSON text:
// {"key","name","birthDate","gender","deceased","identifiers":[{"system","value"}],"kinds":{…},
// "sections":{name:count}}.
std::string render_patient_json(SqliteStore& store, const std::string& patient_key);

}  // namespace edge::his
