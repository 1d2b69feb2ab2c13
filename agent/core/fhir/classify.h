// Where a resource belongs in a document and what selection rules look at. Pure.
#pragma once

#include "agent/core/fhir/json_tree.h"
#include "agent/core/fhir/prepared.h"

namespace edge::fhir {

// Fills section, date, code and active from `ips`, the completed form of `prepared.kind`.
void classify(const Node& ips, Prepared& prepared);

// The row of the section's table (or, for Medication and Device, their name): exactly what `ips` holds. A
// medicine or device that is another resource stands as <!--urn:uuid:…--> and gets its name when the document
// is assembled.
std::string narrative_row(const Node& ips, const Prepared& prepared);

}  // namespace edge::fhir
