// Small input and output files of the commands, and what is said of folders that can't be written.
#pragma once

#include <filesystem>
#include <string>
#include <system_error>

#include "ledger-client/cli/errors.h"

namespace ledger::cli {

// The whole file; "-" is standard input. Throws UserError (kNotFound) with `hint` if it can't be read.
std::string read_input(const std::string& file, const std::string& hint = {});
// The new content whole, or the old file as it was. Throws UserError (kInputOutput).
void write_output(const std::string& file, const std::string& content);

// Why a command can't go on with the folder it fills, and what helps (kInputOutput).
UserError unwritable(const std::filesystem::path& folder, const std::string& reason, bool disk_full);
UserError unwritable(const std::filesystem::path& folder, const std::system_error& error);

}  // namespace ledger::cli
