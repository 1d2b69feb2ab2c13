// The golden patients as inputs of an assembly, with fixed identifiers and a fixed clock.
#pragma once

#include <string>

#include "agent/core/fhir/document.h"

namespace test_support {

// tests/golden/fhir/<name>.json, everything in it prepared.
edge::fhir::AssembleInput golden_patient(const std::string& name);

// prepare() of text that must be accepted.
edge::fhir::Prepared prepared(std::string_view json, std::string_view hint = "");

// `text` with one occurrence of `from` replaced; fails the test case if there is none.
std::string replaced(std::string text, std::string_view from, std::string_view to);

}  // namespace test_support
