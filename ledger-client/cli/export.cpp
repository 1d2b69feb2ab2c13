#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "ledger-client/cli/commands.h"
#include "ledger-client/cli/files.h"
#include "ledger-client/cli/print.h"
#include "ledger-client/store/tiles.h"
#include "ledger-client/store/verify.h"

namespace ledger::cli {
namespace {

struct ExportCommand {
  std::string origin;
  std::string directory;
};

// Two logs in one directory would be neither.
void refuse_another_logs(const std::filesystem::path& directory, const std::string& origin) {
  std::string held = origin;
  try {
    held = TileDirectory(directory).origin();
  } catch (const UnreadableLog&) {  // none is there, or none that was finished
  }
  if (held != origin)
    throw UserError(kUsage, directory.string() + " holds an export of " + held, "name another directory");
}

void export_log(const ExportCommand& command, Options& options) {
  const auto trust = Trust::load(options.trust);
  const auto log = open_log(options, command.origin);
  // What is handed on to others has been verified, all of it.
  VerifyOptions how;
  how.second_thread = true;
  how.progress = progress_bar("verifying");
  const auto report = verify_log(*log, trust.keys_of(log->origin()), how);
  if (report.fault && report.fault->kind != LogFault::Kind::kNothing) {
    throw UserError(kBad,
                    "the log is bad, first bad index " + std::to_string(report.fault->index) + ": " +
                        report.fault->reason,
                    "nothing was exported; a replica may hold it whole");
  }
  if (!report.checkpoint) {
    throw UserError(kNotFound, "the copy of " + log->origin() + " has not reached a checkpoint yet",
                    "`ehr-ledger replicate` goes on with it");
  }
  refuse_another_logs(command.directory, log->origin());
  try {
    export_tiles(*log, report.checkpoint->size, *log->newest_checkpoint_note(), command.directory,
                 progress_bar("exporting"));
  } catch (const std::system_error& error) {
    throw unwritable(command.directory, error);
  }
  if (options.json) {
    *options.out << nlohmann::json{{"origin", log->origin()},
                                   {"entries", report.entries},
                                   {"root", to_hex(report.checkpoint->root)},
                                   {"directory", command.directory}}
                        .dump(2)
                 << '\n';
  } else {
    *options.out << log->origin() << ": " << report.entries << " entries exported to " << command.directory
                 << '\n';
  }
}

}  // namespace

void add_export(CLI::App& program, Options& options) {
  auto command = std::make_shared<ExportCommand>();
  auto* app = program.add_subcommand(
      "export", "Write a log as a directory in tlog-tiles layout, and its lines as entries.jsonl");
  app->add_option("ORIGIN", command->origin, "Log: an address, its topic form or an origin")->required();
  app->add_option("DIR", command->directory, "Directory; an older export of the same log in it is completed")
      ->required();
  add_source_options(*app, options, false);
  add_trust_options(*app, options);
  add_json_option(*app, options);
  app->footer("Example:\n  ehr-ledger export 10.20.0.5 /srv/ledger/10-20-0-5");
  app->callback([command, &options] { export_log(*command, options); });
}

}  // namespace ledger::cli
