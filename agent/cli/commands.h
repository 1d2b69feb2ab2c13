// The command tree. One file per noun adds its commands; a command is flags in, one call of a library, text
// or --json out.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "agent/config/config.h"

namespace edge::cli {

// Runs the agent until it ends; gives the process's status.
// Runs the agent; `reload` reads the configuration file again, for SIGHUP.
using Reload = std::function<ledger::Result<Config>()>;
using Serve = std::function<int(const Config&, const Reload& reload)>;

// What every command has.
struct Common {
  Serve serve;
  std::optional<std::filesystem::path> config;  // --config
  bool json = false;                            // --json
  int status = 0;                               // what the process ends with

  // The parsed configuration; throws Failure with all its problems.
  Config load() const;
};

// Adds a command with --config, --json and an example below its help. `action` runs after the whole line was
// parsed.
CLI::App* add_command(CLI::App& parent, Common& common, const std::string& name, const std::string& what,
                      const std::string& example);
// A noun: needs a verb.
CLI::App* add_noun(CLI::App& root, const std::string& name, const std::string& what);

void add_init(CLI::App& root, Common& common);
void add_serve(CLI::App& root, Common& common);
void add_config(CLI::App& root, Common& common);
void add_keys(CLI::App& root, Common& common);
void add_status(CLI::App& root, Common& common);
void add_ping(CLI::App& root, Common& common);
void add_request(CLI::App& root, Common& common);
void add_bundle(CLI::App& root, Common& common);
void add_his(CLI::App& root, Common& common);
void add_queue(CLI::App& root, Common& common);
void add_ledger(CLI::App& root, Common& common);
void add_federation(CLI::App& root, Common& common);
void add_consent(CLI::App& root, Common& common);
void add_break_glass(CLI::App& root, Common& common);
void add_disclosures(CLI::App& root, Common& common);
void add_approval(CLI::App& root, Common& common);

// Parses and runs one command line. The only place that catches: `error:` and `hint:` lines on standard
// error, the status returned.
// `serve` is the daemon's, given by main: the commands alone need no daemon.
int run(int argc, const char* const* argv, const Serve& serve);

}  // namespace edge::cli
