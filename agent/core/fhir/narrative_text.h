// Narrative as plain text for a terminal. Pure.
#pragma once

#include <string>
#include <string_view>

namespace edge::fhir {

// One line a row or paragraph, table cells in columns; character references resolved, nothing a terminal
// would act on.
std::string narrative_text(std::string_view div);

// Text without control characters (also the C1 ones and the marks that turn the direction of writing).
std::string terminal_text(std::string_view text);

}  // namespace edge::fhir
