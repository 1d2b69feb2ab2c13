// Where the configuration comes from, and how its keys, values and problems are shown.
#include <cstdlib>
#include <fstream>
#include <system_error>

#include "agent/config/config.h"
#include "agent/config/keys.h"

namespace edge {
namespace {

constexpr std::size_t kMaxFileBytes = 1u << 20;

}  // namespace

ledger::Result<Config, std::vector<ConfigProblem>> load_config(const fs::path& file) {
  const auto unreadable = [](const std::string& why) {
    return std::vector<ConfigProblem>{{0, "", "the file can't be read: " + why}};
  };
  std::error_code error;
  if (fs::is_directory(file, error)) return unreadable("Is a directory");
  std::ifstream in(file, std::ios::binary);
  if (!in) return unreadable(std::generic_category().message(errno));
  std::string text(kMaxFileBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kMaxFileBytes) return unreadable("it has more than 1 MiB");
  return parse_config(text, fs::absolute(file).parent_path());
}

std::string to_text(const ConfigProblem& problem) {
  std::string out;
  if (problem.line != 0) out += "line " + std::to_string(problem.line) + ": ";
  if (!problem.key.empty()) out += problem.key + ": ";
  return out + problem.what;
}

fs::path config_path(const std::optional<fs::path>& from_command_line) {
  if (from_command_line) return *from_command_line;
  if (const char* named = std::getenv("EHR_AGENT_CONFIG"); named && *named) return named;
  return "/etc/ehr-agent/ehr-agent.toml";
}

std::vector<KeyInfo> config_keys() {
  std::vector<KeyInfo> out;
  const Config defaults;
  for (const auto& key : config_detail::keys())
    out.push_back({key.name, key.type, key.range, key.show(defaults)});
  out.push_back({"group[].name", "string", "lower-case letters, digits and single hyphens; required", ""});
  out.push_back({"group[].peers", "list of strings", "IPv4 or IPv6 addresses; required", ""});
  for (const auto& key : config_detail::approver_keys())
    out.push_back({"approver[]." + key.name, key.type, key.range, ""});
  const fhir::SectionRule rule;
  for (const auto& key : config_detail::section_keys())
    out.push_back({"section[]." + key.name, key.type, key.range, key.show(rule)});
  return out;
}

std::vector<std::pair<std::string, std::string>> config_values(const Config& config) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& key : config_detail::keys()) out.emplace_back(key.name, key.show(config));
  return out;
}

}  // namespace edge
