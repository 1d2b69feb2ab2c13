// What is wrong with a command line, in words for people: CLI11's own messages show ranges as C++ prints
// numbers and name what they did not expect from the back. Shared with ehr-agent. Pure.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace ledger::cli {

struct UsageFault {
  std::string what;                  // fit for a terminal
  std::string command;               // the innermost command that was named, as `ehr-agent keys backup`
  std::vector<std::string> unknown;  // arguments that it does not take
};

// `error` is what parsing threw; help and version are no faults.
UsageFault usage_fault(const CLI::App& program, const CLI::ParseError& error);

}  // namespace ledger::cli
