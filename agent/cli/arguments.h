// Arguments that several commands take; what they can't be is a Failure with a hint.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace edge::cli {

// The address of a peer, as canonical text; `name` is the argument it was given as.
std::string checked_peer(const std::string& name, const std::string& text);
// --purpose: one of the codes of purpose.h.
void check_purpose(const std::string& code);
// --timeout; nothing if it was not given.
std::optional<std::chrono::milliseconds> parsed_timeout(const std::string& text);

// A date or a time of `option`, as messages write it: the first moment of the span it names, or with `end`
// the first after it.
std::string moment(const std::string& option, const std::string& text, bool end);

}  // namespace edge::cli
