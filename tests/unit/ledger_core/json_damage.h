// Damaged copies of JSON documents, for tests that hold a reader and a schema equal.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <random>

namespace test_support {

// A copy with one or two changes: a member gone, one too many, a value of another kind or near what is
// allowed.
nlohmann::json mutated(const nlohmann::json& document, std::mt19937& random);

// Whether a text of the document is what regular expressions can't judge: 30 February, and which spelling of
// an IPv6 address is canonical.
bool only_beyond_regular_expressions(const nlohmann::json& document);

}  // namespace test_support
