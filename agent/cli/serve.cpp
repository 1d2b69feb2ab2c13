#include "agent/cli/commands.h"
#include "agent/cli/failure.h"

namespace edge::cli {

void add_serve(CLI::App& root, Common& common) {
  auto* serve = add_command(root, common, "serve", "Run the agent in the foreground, as the service does",
                            "ehr-agent serve --config /etc/ehr-agent/ehr-agent.toml");
  serve->callback([&common] {
    const auto reload = [&common]() -> ledger::Result<Config> {
      try {
        return common.load();
      } catch (const Failure& failure) {
        return ledger::Problem{failure.what()};
      }
    };
    common.status = common.serve(common.load(), reload);
  });
}

}  // namespace edge::cli
