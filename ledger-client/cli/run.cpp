#include <algorithm>
#include <nlohmann/json.hpp>

#include "ledger-client/cli/commands.h"
#include "ledger-client/cli/help.h"
#include "ledger-client/cli/usage.h"

namespace ledger::cli {
namespace {

void complain(std::ostream& err, const std::string& what, const std::string& hint) {
  err << "ehr-ledger: error: " << what << '\n';
  if (!hint.empty()) err << "hint: " << hint << '\n';
}

int report_lost_output(std::ostream& err) {
  complain(err, "standard output can't be written", {});
  return kInputOutput;
}

constexpr const char* kNoBroker =
    "only verify, show, tail and replicate read a broker; `ehr-ledger replicate DIR --broker URL` keeps what "
    "--dir DIR then reads";

// Help and version are no errors; everything else a command line can be wrong in is a usage error.
int report_parse(const CLI::App& program, const CLI::ParseError& error, Options& options) {
  if (error.get_exit_code() == 0) {
    program.exit(error, *options.out, *options.err);
    return options.out->flush() ? kGood : report_lost_output(*options.err);
  }
  const UsageFault fault = usage_fault(program, error);
  const bool broker =
      std::any_of(fault.unknown.begin(), fault.unknown.end(),
                  [](const std::string& argument) { return argument.starts_with("--broker"); });
  complain(*options.err, fault.what, broker ? kNoBroker : "see `" + fault.command + " --help`");
  return kUsage;
}

}  // namespace

int run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
  CLI::App program("Verifies the ledgers of ehr-agent. Needs no agent and no private key.", "ehr-ledger");
  program.formatter(help_formatter());
  program.set_version_flag("--version", "ehr-ledger " EHR_VERSION);
  program.require_subcommand(1);
  program.footer(
      "Example:\n  ehr-ledger verify --all\n\n"
      "Exit status: 0 good, 1 bad, 64 wrong usage, 65 malformed input, 66 not found, 69 broker not "
      "reachable,\n"
      "74 reading or writing failed.");
  Options options;
  options.out = &out;
  options.err = &err;
  add_verify(program, options);
  add_show(program, options);
  add_tail(program, options);
  add_prove(program, options);
  add_check(program, options);
  add_export(program, options);
  add_import(program, options);
  add_replicate(program, options);
  add_graph(program, options);
  try {
    program.parse(
        std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 takes them from the back
    return out.flush() ? options.status : report_lost_output(err);
  } catch (const CLI::ParseError& error) {
    return report_parse(program, error, options);
  } catch (const UserError& error) {
    complain(err, error.what(), error.hint());
    return error.status();
  } catch (const DamagedLog& error) {
    complain(err, error.what(), "put it back from a replica or an export: `ehr-agent ledger recover`");
    return kMalformed;
  } catch (const UnreadableLog& error) {
    complain(err, error.what(), "`ehr-ledger verify` names the first bad entry");
    return kMalformed;
  } catch (const std::system_error& error) {
    complain(err, error.what(), {});
    return kInputOutput;
  } catch (const std::exception& error) {
    complain(err, error.what(), {});
    return kInternal;
  }
}

}  // namespace ledger::cli
