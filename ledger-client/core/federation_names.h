// Names people read before they sign: what can't be seen is refused, what looks like something else is told
// (Unicode UTS 39). Pure and thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace ledger {

// Well-formed UTF-8 in its composed form (NFC) of characters that show: nothing that is ignored, steers the
// direction of text or the terminal, is unassigned or private; no blank at either end.
bool is_plain_name(std::string_view utf8);

// What two names have in common if one can be taken for the other: equal skeletons, equal looks. Compares
// without regard to case and to how many blanks stand together.
std::string look_of(std::string_view utf8);

// Letters of several scripts that no language mixes, as Latin with Cyrillic.
bool mixes_scripts(std::string_view utf8);

}  // namespace ledger
