// The rows of his_resource that a section of the document may show. Private to the SQLite store.
#pragma once

#include <functional>
#include <string_view>

#include "agent/core/fhir/document.h"
#include "agent/core/fhir/prepared.h"
#include "ledger-client/store/sqlite.h"

namespace edge::his {

// Hands `take` what `rule` selects of a patient (`patient` numbers him in his_patient, `patient_key` is his
// key); false if `take` has enough. Throws SqliteError.
bool read_section(ledger::sqlite::Database& database, std::int64_t patient, std::string_view patient_key,
                  const fhir::SectionRule& rule, const std::function<bool(fhir::Prepared&&)>& take);

}  // namespace edge::his
