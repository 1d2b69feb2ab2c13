#include "agent/cli/commands.h"
#include "agent/daemon/service.h"

int main(int argc, char** argv) {
  return edge::cli::run(argc, argv, edge::run_service);
}
