// UTF-8 as every format here demands it. Pure and thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace ledger {

// Well-formed by Unicode's table 3-7: no surrogates, no overlong forms, nothing beyond U+10FFFF.
bool is_utf8(std::string_view text);

// Appends a code point up to U+10FFFF. That it is no surrogate is for the caller to see to.
void append_utf8(std::string& out, char32_t code);

}  // namespace ledger
