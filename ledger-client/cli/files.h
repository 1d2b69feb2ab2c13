// Small input and output files of the commands.
#pragma once

#include <string>

namespace ledger::cli {

// The whole file; "-" is standard input. Throws UserError (kNotFound) with `hint` if it can't be read.
std::string read_input(const std::string& file, const std::string& hint = {});
// The new content whole, or the old file as it was. Throws UserError (kInputOutput).
void write_output(const std::string& file, const std::string& content);

}  // namespace ledger::cli
