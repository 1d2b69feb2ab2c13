#include <CLI/CLI.hpp>

#include "ledger-client/cli/commands.h"
#include "ledger-client/cli/live.h"

namespace ledger::cli {

void add_tail(CLI::App& program, Options& options) {
  auto live = std::make_shared<LiveOptions>();
  live->last = 10;
  auto* app = program.add_subcommand(
      "tail", "Follow a log: one line an entry, each verified against a signed checkpoint first");
  app->add_option(
      "ORIGIN", live->origin,
      "Log: an address, its topic form or an origin (default: the only one; on a broker, every one)");
  app->add_option("-n,--last", live->last, "Stored logs: begin with the last so many entries")
      ->capture_default_str();
  app->add_option("--count", live->count, "Stop after so many entries");
  app->add_option("--for", live->seconds, "Stop after so many seconds");
  add_source_options(*app, options, true);
  add_trust_options(*app, options);
  add_json_option(*app, options);
  app->footer(
      "Ctrl-C ends it. With --json each line is an entry as it stands in the log, or how far the log is "
      "signed or "
      "witnessed now (it has a `state`).\n\nExamples:\n  "
      "ehr-ledger tail\n"
      "  ehr-ledger tail --broker mqtts://broker.example --ca ca.pem --cert monitor.crt --key monitor.key");
  app->callback([live, &options] {
    if (!live->origin.empty()) live->origin = full_origin(live->origin);
    options.broker.url.empty() ? tail_stored(*live, options) : tail_live(*live, options);
  });
}

}  // namespace ledger::cli
