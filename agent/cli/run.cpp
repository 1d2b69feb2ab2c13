#include <cerrno>
#include <iostream>
#include <nlohmann/json.hpp>
#include <system_error>

#include "agent/adapters/secret_file.h"
#include "agent/cli/commands.h"
#include "agent/cli/failure.h"
#include "agent/core/ports.h"
#include "agent/core/signing.h"
#include "ledger-client/cli/help.h"
#include "ledger-client/cli/usage.h"
#include "ledger-client/store/guard.h"

namespace edge::cli {
namespace {

int report(const std::string& error, const std::string& hint, int status) {
  std::cout.flush();
  std::cerr << "error: " << error << '\n';
  if (!hint.empty()) std::cerr << "hint: " << hint << '\n';
  return status;
}

int report_lost_output() {
  return report("standard output can't be written", {}, EX_IOERR);
}

int report_usage(const CLI::App& root, const CLI::ParseError& error) {
  const auto fault = ledger::cli::usage_fault(root, error);
  return report(fault.what, "see `" + fault.command + " --help`", EX_USAGE);
}

int status_of(const std::error_code& code) {
  if (code == std::errc::permission_denied || code == std::errc::operation_not_permitted) return EX_NOPERM;
  if (code == std::errc::no_such_file_or_directory) return EX_NOINPUT;
  return EX_IOERR;
}

std::string hint_of(const std::error_code& code) {
  if (status_of(code) == EX_NOPERM) return "run it as root or as the service's user";
  if (code == std::errc::no_space_on_device) return "the disk is full";
  if (code == std::errc::read_only_file_system)
    return "`findmnt` shows what is mounted read-only, the kernel's log (`dmesg`) why";
  return {};
}

}  // namespace

Config Common::load() const {
  const fs::path path = config_path(config);
  auto loaded = load_config(path);
  if (loaded) return std::move(loaded).value();
  std::string text;
  for (const auto& problem : loaded.error())
    text += (text.empty() ? "" : "\nerror: ") + path.string() + ": " + to_text(problem);
  const bool missing = !fs::exists(path);
  throw Failure(EX_CONFIG, text,
                missing ? "`ehr-agent init` makes one; --config names another"
                        : "man 5 ehr-agent.conf lists every key");
}

CLI::App* add_command(CLI::App& parent, Common& common, const std::string& name, const std::string& what,
                      const std::string& example) {
  auto* command = parent.add_subcommand(name, what);
  command->footer("Example:\n  " + example);
  command
      ->add_option("--config", common.config,
                   "Configuration file (else $EHR_AGENT_CONFIG, else /etc/ehr-agent/ehr-agent.toml)")
      ->type_name("FILE");
  command->add_flag("--json", common.json, "Print JSON");
  return command;
}

CLI::App* add_noun(CLI::App& root, const std::string& name, const std::string& what) {
  auto* noun = root.add_subcommand(name, what);
  noun->require_subcommand(1);
  noun->footer("`ehr-agent " + name + " VERB --help` shows an example of each.");
  return noun;
}

int run(int argc, const char* const* argv, const Serve& serve) {
  CLI::App root(
      "The edge agent of a hospital: shares signed, encrypted, ledger-anchored patient summaries with its "
      "peers.",
      "ehr-agent");
  root.formatter(ledger::cli::help_formatter());
  root.set_version_flag("--version", "ehr-agent " EHR_VERSION);
  root.require_subcommand(1);
  root.footer(
      "`ehr-agent COMMAND --help` shows an example of each. Manuals: ehr-agent(1), ehr-agent.conf(5).");
  Common common;
  common.serve = serve;
  for (auto* add :
       {add_init, add_serve, add_config, add_keys, add_status, add_ping, add_request, add_bundle, add_his,
        add_queue, add_ledger, add_federation, add_consent, add_break_glass, add_disclosures, add_approval})
    add(root, common);
  try {
    root.parse(argc, argv);
    return std::cout.flush() ? common.status : report_lost_output();
  } catch (const CLI::Success& help) {
    root.exit(help);
    return std::cout.flush() ? EX_OK : report_lost_output();
  } catch (const CLI::ParseError& error) {
    return report_usage(root, error);
  } catch (const Failure& failure) {
    return report(failure.what(), failure.hint(), failure.status());
  } catch (const UnusableKey& fault) {
    return report(fault.what(),
                  "is the token there, does keys.sign_token name it, and is its PIN in keys.sign_pin?",
                  EX_UNAVAILABLE);
  } catch (const ConfigFault& fault) {
    return report(fault.what(), fault.hint(), EX_CONFIG);
  } catch (const SecretFileFault& fault) {
    return report(fault.what(), fault.hint(), EX_CONFIG);
  } catch (const ledger::GuardInUse& error) {
    return report(error.what(), "is the agent running already? `ehr-agent status` asks it", EX_TEMPFAIL);
  } catch (const Unavailable& error) {
    return report(error.what(), "`ehr-agent his ping` looks at the source of records", EX_UNAVAILABLE);
  } catch (const std::system_error& error) {
    return report(error.what(), hint_of(error.code()), status_of(error.code()));
  } catch (const nlohmann::json::type_error& error) {
    constexpr int kNotUtf8 = 316;
    if (error.id != kNotUtf8) return report(error.what(), {}, EX_SOFTWARE);
    return report("an argument is not UTF-8 text", "`locale` shows whether this terminal writes UTF-8",
                  EX_USAGE);
  } catch (const std::exception& error) {
    return report(error.what(), {}, EX_SOFTWARE);
  }
}

}  // namespace edge::cli
