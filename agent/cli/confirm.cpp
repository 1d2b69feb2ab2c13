#include "agent/cli/confirm.h"

#include <unistd.h>

#include <iostream>

#include "agent/cli/failure.h"

namespace edge::cli {

void demand_consent(bool yes, const std::string& question) {
  if (yes) return;
  if (::isatty(STDIN_FILENO) == 0)
    throw Failure(EX_USAGE, "nobody is here to be asked", "--yes answers for you");
  std::cerr << question << " [y/N] " << std::flush;
  std::string answer;
  if (!std::getline(std::cin, answer) || (answer != "y" && answer != "yes"))
    throw Failure(EX_CANTCREAT, "nothing was signed");
}

}  // namespace edge::cli
