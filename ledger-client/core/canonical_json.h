// Canonical JSON (RFC 8785). Numbers are IEEE doubles written with the shortest digits in ECMAScript layout;
// members are ordered by their UTF-16 code units; integers beyond 2^53 are refused because a double can't
// hold them. Pure and thread-safe.
#pragma once

#include <initializer_list>
#include <nlohmann/json_fwd.hpp>

#include "ledger-client/core/bytes.h"
#include "ledger-client/core/result.h"

namespace ledger {

// Limits on a document, checked while it is read: what a stranger sends can't exhaust stack or memory.
struct JsonLimits {
  std::size_t max_bytes = 1 << 20;
  std::size_t max_depth = 64;
};

// Strict parse of UTF-8 text: no duplicate member names, no trailing bytes, no invalid UTF-8, limits
// respected. (nlohmann alone keeps the last of two duplicates and parses arrays so deep that writing them
// crashes.)
Result<nlohmann::json> parse_json(std::string_view text, const JsonLimits& limits = {});

// Whether it is an object of these members and no others.
bool has_exactly(const nlohmann::json& object, std::initializer_list<const char*> names);

// The canonical text of a value. Throws std::invalid_argument for what has none (NaN, integers beyond 2^53,
// invalid UTF-8).
std::string canonical_json(const nlohmann::json& value);

// Reads strict JSON and gives its canonical text in one go (simdjson on demand). The same limits and refusals
// as parse_json.
Result<std::string> canonicalize(std::string_view text, const JsonLimits& limits = {});

// Appends the ECMAScript text of a finite double (RFC 8785, 3.2.2.3).
void append_json_number(std::string& out, double value);
// Appends a JSON string literal with RFC 8785's escapes. `text` must be UTF-8.
void append_json_string(std::string& out, std::string_view text);

}  // namespace ledger
