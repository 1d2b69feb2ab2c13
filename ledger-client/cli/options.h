// What every command needs: where the log is, whom to trust, where to print.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "ledger-client/cli/trust.h"
#include "ledger-client/store/log_source.h"

namespace CLI {
class App;
class Option;
class Validator;
}  // namespace CLI

namespace ledger::cli {

struct BrokerOptions {
  std::string url;
  std::string ca_file, certificate_file, key_file;
  std::string user, password_file;
  bool mqtt311 = false;
};

struct Options {
  std::string database, directory;
  BrokerOptions broker;
  TrustOptions trust;
  bool json = false;
  std::ostream* out = nullptr;
  std::ostream* err = nullptr;
  int status = kGood;  // what the command found
};

// Returns --broker itself.
CLI::Option* add_broker_options(CLI::App& command, Options& options);
void add_source_options(CLI::App& command, Options& options, bool with_broker);
void add_trust_options(CLI::App& command, Options& options);
void add_json_option(CLI::App& command, Options& options);

// `10.20.0.5`, `10-20-0-5` and `ehr/10-20-0-5` name the same log, `10.20.0.5/2` the one that continued it
// after a retirement; anything else stays as it is (another system's origin).
std::string full_origin(const std::string& text);

// For numbers of entries: CLI11 alone takes -1 for 2^64 - 1.
CLI::Validator entry_index();

// Logs too damaged to be opened: DamagedLog is thrown, or a source stands in for each, has its path for an
// origin, and throws DamagedLog for whatever it is asked.
enum class Damaged { kThrow, kStandIn };

// The log that is asked for; it may be in the damaged one if no other is it. Throws UserError (kNotFound) if
// it is not there.
std::unique_ptr<LogSource> open_log(const Options& options, const std::string& origin,
                                    Damaged damaged = Damaged::kThrow);
// Every log of the source: the database's one, or what is below --dir. Throws UserError (kNotFound).
std::vector<std::unique_ptr<LogSource>> open_all_logs(const Options& options,
                                                      Damaged damaged = Damaged::kThrow);
// Each exported log (a directory with a checkpoint) and each database (`*.db`) below a directory.
std::vector<std::unique_ptr<LogSource>> open_logs_below(const std::filesystem::path& directory,
                                                        Damaged damaged = Damaged::kThrow);

}  // namespace ledger::cli
