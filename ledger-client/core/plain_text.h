// Text that people wrote, as others read it. Pure and thread-safe; takes any bytes.
#pragma once

#include <string>
#include <string_view>

namespace ledger {

// What would act on a terminal, or show text in another order than it has, becomes `?`: control characters
// (C0, DEL, C1) and Unicode's directional formatting (UAX 9).
std::string printable(std::string_view text);

// It holds a character that can be seen: not only blanks, control and invisible formatting characters.
bool says_something(std::string_view text);

}  // namespace ledger
