// The commands of ehr-ledger: each adds itself, with its options and help, to the command line. One file per
// command.
#pragma once

#include <string>
#include <vector>

#include "ledger-client/cli/options.h"

namespace ledger::cli {

void add_verify(CLI::App& program, Options& options);
void add_show(CLI::App& program, Options& options);
void add_tail(CLI::App& program, Options& options);
void add_prove(CLI::App& program, Options& options);
void add_check(CLI::App& program, Options& options);
void add_export(CLI::App& program, Options& options);
void add_import(CLI::App& program, Options& options);
void add_replicate(CLI::App& program, Options& options);
void add_graph(CLI::App& program, Options& options);

// The whole program: arguments without the program's name. Returns the exit status.
int run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err);

}  // namespace ledger::cli
