#include "agent/cli/commands.h"

int main(int argc, char** argv) {
  return edge::cli::run(argc, argv);
}
