#include <csignal>
#include <iostream>

#include "ledger-client/cli/commands.h"

int main(int count, char** arguments) {
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is a full disk, not the end
  std::ios::sync_with_stdio(false);
  return ledger::cli::run({arguments + 1, arguments + count}, std::cout, std::cerr);
}
