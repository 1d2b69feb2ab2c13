#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/adapters/certificates.h"
#include "agent/adapters/key_files.h"
#include "agent/cli/commands.h"
#include "agent/cli/failure.h"
#include "agent/cli/federation_files.h"
#include "agent/cli/output.h"

namespace edge::cli {
namespace {

// The document the agent begins with. A running one follows later versions, which this file does not show.
std::optional<std::string> federation_warning(const Config& config) {
  const auto& file = config.federation.file;
  if (!fs::exists(file))
    return file.string() + " is not there: the federation's administrators give it (README, Join)";
  const auto document = ledger::open_first(read_whole(file, ledger::kMaxFederationTextBytes), std::nullopt);
  if (!document) return file.string() + ": " + document.error().reason;
  if (!document->federation().find(*config.agent.address))
    return file.string() + " does not list this agent, " + config.agent.address->text();
  return std::nullopt;
}

// No problem of the file, but what the agent will miss, or what comes: certificates that end soon.
std::vector<std::string> warnings_of(const Config& config) {
  const auto file = [&](const fs::path& given, const char* name) {
    return given.empty() ? key_path(config.keys.dir, name) : given;
  };
  const auto certificate = file(config.mqtt.cert, "tls.crt"), ca = file(config.mqtt.ca, "ca.crt");
  std::vector<std::string> warnings;
  if (auto warning = federation_warning(config)) warnings.push_back(std::move(*warning));
  if (config.mqtt.url.starts_with("mqtts://"))
    for (const auto& fault :
         tls_faults(certificate, file(config.mqtt.key, "tls.key"), ca, *config.agent.address))
      warnings.push_back(fault + "; `pki agent` makes what is missing");
  for (const auto& ending :
       certificate_warnings(certificate_ends(certificate, ca, config.keys.dir), system_now()))
    warnings.push_back(ending + "; `pki renew` gives it new dates");
  return warnings;
}

// A key that `serve` would refuse, with its words.
void demand_usable_keys(const Config& config) {
  std::string text, hint;
  for (const auto& fault : key_faults(config.keys.dir, config.mqtt.key, !config.keys.sign_token.empty())) {
    text += (text.empty() ? "" : "\nerror: ") + fault.what;
    hint += (hint.empty() ? "" : "\nhint: ") + fault.hint;
  }
  if (!text.empty()) throw Failure(EX_CONFIG, text, hint);
}

void check(Common& common) {
  const fs::path path = config_path(common.config);
  const auto loaded = load_config(path);
  if (!common.json) {
    const auto config = common.load();  // throws with every problem
    demand_usable_keys(config);
    std::cout << path.string() << ": good; this agent is " << config.agent.address->text() << '\n';
    for (const auto& warning : warnings_of(config)) std::cerr << "warning: " << warning << '\n';
    return;
  }
  nlohmann::json out{{"file", path.string()}, {"ok", loaded.ok()}, {"problems", nlohmann::json::array()}};
  if (loaded) out["warnings"] = warnings_of(*loaded);
  if (!loaded) {
    for (const auto& problem : loaded.error())
      out["problems"].push_back({{"line", problem.line}, {"key", problem.key}, {"what", problem.what}});
    common.status = EX_CONFIG;
  } else {
    for (const auto& fault :
         key_faults(loaded->keys.dir, loaded->mqtt.key, !loaded->keys.sign_token.empty())) {
      out["problems"].push_back({{"line", 0}, {"key", "keys.dir"}, {"what", fault.what + "; " + fault.hint}});
      out["ok"] = false;
      common.status = EX_CONFIG;
    }
  }
  print_json(out);
}

void show(const Common& common) {
  const Config config = common.load();
  nlohmann::ordered_json out;
  for (const auto& [name, value] : config_values(config)) out[name] = value;
  if (common.json) {
    std::cout << out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
    return;
  }
  for (const auto& [name, value] : out.items())
    std::cout << name << " = " << value.get<std::string>() << '\n';
  for (const auto& group : config.groups) {
    std::cout << "group " << group.name << ':';
    for (const auto& peer : group.peers) std::cout << ' ' << peer.text();
    std::cout << '\n';
  }
}

}  // namespace

void add_config(CLI::App& root, Common& common) {
  auto* noun = add_noun(root, "config", "The configuration file");
  add_command(*noun, common, "check", "Report every problem of the configuration file at once",
              "ehr-agent config check --config ./ehr-agent.toml")
      ->callback([&common] { check(common); });
  add_command(*noun, common, "show", "Show each key with the value in force",
              "ehr-agent config show | grep limits")
      ->callback([&common] { show(common); });
}

}  // namespace edge::cli
