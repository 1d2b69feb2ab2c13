// What the tree writer and the streaming check share about canonical JSON (RFC 8785) beyond
// ledger-client/core/canonical_json.h: number tokens and the order of member names. Pure and thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace edge::fhir {

// A raw token of simdjson without the white space behind it.
std::string_view trimmed_token(std::string_view token);

// The grammar of RFC 8259, section 6 (simdjson stops reading a number where it may not end).
bool is_json_number(std::string_view token);

// Whether a number token has a canonical form: integers beyond 2^53 have none, since a double can't hold
// them.
bool fits_double(std::string_view token);

// The ECMAScript text of a number token that fits.
void append_canonical_number(std::string& out, std::string_view token);

// Member names ordered by UTF-16 code units.
bool utf16_less(std::string_view a, std::string_view b);

}  // namespace edge::fhir
