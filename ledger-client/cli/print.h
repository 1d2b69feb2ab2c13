// How entries and progress look.
#pragma once

#include <functional>
#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "ledger-client/core/bytes.h"

namespace ledger::cli {

// One line for a person: index, time, type and the facts of the body.
std::string entry_for_people(std::string_view line);
// The entry as JSON, or its text where it is not ours.
nlohmann::json entry_as_json(std::string_view line);

// A progress bar on standard error if that is a terminal; silent otherwise. `what` names what is going on.
std::function<void(std::uint64_t done, std::uint64_t total)> progress_bar(const std::string& what);

}  // namespace ledger::cli
