// The help of both programs: as CLI11 lays it out, broken into lines of 80 columns. Lines that begin with
// blanks, as examples do, stay whole, to be copied.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>

namespace ledger::cli {

// For App::formatter() of a program, before its commands are added.
std::shared_ptr<CLI::FormatterBase> help_formatter();

}  // namespace ledger::cli
