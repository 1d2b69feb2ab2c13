// Showing a Bundle to a human: text for a terminal, or one HTML page that needs nothing else. Whatever a
// stranger put into it stays text: no control characters reach the terminal, no markup, script or address of
// theirs reaches the page unsanitised. Pure and thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "ledger-client/core/result.h"

namespace edge::fhir {

// Documents: patient, then the sections' narratives. Collections: patient, then each resource's kind, name
// and date. Problem: not JSON, or not a Bundle. Need not be valid; check_bundle says what it is worth.
ledger::Result<std::string> render_text(std::string_view bundle_json);
ledger::Result<std::string> render_html(std::string_view bundle_json);

}  // namespace edge::fhir
