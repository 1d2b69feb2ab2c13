#include "agent/cli/commands.h"

namespace edge::cli {

void add_serve(CLI::App& root, Common& common) {
  auto* serve = add_command(root, common, "serve", "Run the agent in the foreground, as the service does",
                            "ehr-agent serve --config /etc/ehr-agent/ehr-agent.toml");
  serve->callback([&common] { common.status = common.serve(common.load()); });
}

}  // namespace edge::cli
