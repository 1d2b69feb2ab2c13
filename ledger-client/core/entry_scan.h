// Reading a line whose body the caller has read already. Internal to entry.h and entry_rules.h, which so pass
// over each byte of a body once. Pure and thread-safe.
#pragma once

#include "ledger-client/core/entry.h"

namespace ledger {

// The line from its body on; empty if it doesn't begin as entries do.
std::string_view from_body(std::string_view line);

// What scan_entry, if it takes the line, will say its type is: it is the last string there, and has no quote
// within.
std::string_view type_before_end(std::string_view line);

// As those of entry.h. The caller knows of the first `body_size` bytes of from_body() that they are one
// canonical object, but for whether its text is UTF-8; 0: knows nothing.
Result<EntryView> scan_entry(std::string_view line, std::size_t body_size);
Result<EntryView> follow_chain_view(ChainState& state, std::string_view line, std::size_t body_size);

}  // namespace ledger
