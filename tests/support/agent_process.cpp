#include "tests/support/agent_process.h"

#include <signal.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "ledger-client/store/log_reader.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

namespace test_support {

namespace fs = std::filesystem;
using nlohmann::json;

bool eventually(const std::function<bool()>& met, int seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (!met()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

RunningCommand::RunningCommand(const std::vector<std::string>& command, fs::path log)
    : log_(std::move(log)), process_(command, log_) {}

CommandResult RunningCommand::wait(int timeout_ms) {
  const int status = process_.wait(timeout_ms);
  return {status, read_file(log_)};
}

AgentProcess::AgentProcess(fs::path program, fs::path folder, const std::string& address)
    : program_(std::move(program)),
      folder_(std::move(folder)),
      state_(folder_ / "state"),
      address_(*ledger::Address::parse(address)) {
  const auto made = json::parse(run({program_, "init", "--json", "--address", address, "--name",
                                     "Hospital " + address, "--dir", folder_, "--state-dir", state_}));
  member_ = std::make_shared<json>(made.at("member"));
}

const json& AgentProcess::member() const {
  return *member_;
}

fs::path AgentProcess::state() const {
  return state_;
}

void AgentProcess::set_state(const fs::path& state) {
  state_ = state;
}

void AgentProcess::configure(const Settings& settings, const std::vector<std::string>& allowed_peers) {
  const auto quoted = [](const std::string& text) { return '"' + text + '"'; };
  Settings all{{"agent.address", quoted(address_.text())},
               {"agent.name", quoted("Hospital " + address_.text())},
               {"agent.state_dir", quoted(state_)},
               {"control.socket", quoted(folder_ / "control.sock")},
               {"keys.dir", quoted(keys())},
               {"federation.file", quoted(folder_ / "federation.json")},
               {"ledger.guard", quoted(folder_ / "guard/guard")}};
  for (const auto& [key, value] : settings) all[key] = value;
  std::ofstream out(folder_ / "ehr-agent.toml");
  std::string table;
  for (const auto& [key, value] : all) {
    const auto dot = key.find('.');
    if (key.substr(0, dot) != table) {
      table = key.substr(0, dot);
      out << "\n[" << table << "]\n";
    }
    out << key.substr(dot + 1) << " = " << value << '\n';
  }
  peers_ = allowed_peers;
}

std::string AgentProcess::grant(const std::string& patient, const std::string& peer,
                                const std::string& purpose, const std::vector<std::string>& more) const {
  std::vector<std::string> arguments{"consent", "grant", "--patient", patient,
                                     "--peer",  peer,    "--purpose", purpose};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return command_json(arguments).at("id");
}

void AgentProcess::launch() {
  launch_under({});
}

void AgentProcess::launch_under(std::vector<std::string> program) {
  const auto served = command_line({"serve"});
  program.insert(program.end(), served.begin(), served.end());
  process_ = Process(program, folder_ / "log");
}

void AgentProcess::start() {
  launch();
  wait_until_ready();
}

void AgentProcess::wait_until_ready() {
  const bool ready = eventually([&] {
    if (!process_.running()) return true;
    const auto status = command({"status", "--json"});
    return status.status == 0 && json::parse(status.output).value("state", "") == "ready";
  });
  if (!ready || !process_.running()) throw std::runtime_error("the agent doesn't serve: " + log());
  for (const auto& peer : peers_) {
    if (granted_.contains(peer) && granted_.at(peer) == state_) continue;
    grant("any", peer, "TREAT");
    granted_[peer] = state_;
  }
}

int AgentProcess::stop() {
  process_.signal(SIGTERM);
  return process_.wait();
}

void AgentProcess::kill_hard() {
  process_.signal(SIGKILL);
  process_.wait();
}

std::vector<std::string> AgentProcess::command_line(const std::vector<std::string>& arguments) const {
  std::vector<std::string> line{program_};
  line.insert(line.end(), arguments.begin(), arguments.end());
  line.insert(line.end(), {"--config", folder_ / "ehr-agent.toml"});
  return line;
}

CommandResult AgentProcess::command(const std::vector<std::string>& arguments) const {
  const TempDir folder;
  return RunningCommand(command_line(arguments), folder / "output").wait();
}

RunningCommand AgentProcess::command_beside(const std::vector<std::string>& arguments) {
  return {command_line(arguments), folder_ / ("command-" + std::to_string(++commands_))};
}

json AgentProcess::command_json(const std::vector<std::string>& arguments) const {
  auto with_json = arguments;
  with_json.emplace_back("--json");
  const auto result = command(with_json);
  if (result.status != 0)
    throw std::runtime_error("ended with " + std::to_string(result.status) + ": " + result.output);
  return nlohmann::json::parse(result.output);
}

CommandResult AgentProcess::request(const ledger::Address& peer, const std::string& patient,
                                    const fs::path& output, const std::vector<std::string>& more) const {
  std::vector<std::string> arguments{"request", peer.text(), patient, "-o", output};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return command(arguments);
}

void AgentProcess::import(const fs::path& records) const {
  const auto result = command({"his", "import", records});
  if (result.status != 0) throw std::runtime_error("import failed: " + result.output);
}

std::string AgentProcess::log() const {
  return read_file(folder_ / "log");
}

std::uint64_t AgentProcess::counter(const std::string& name) const {
  return command_json({"status"}).at("counters").at(name).get<std::uint64_t>();
}

std::uint64_t AgentProcess::peak_memory_bytes() const {
  std::ifstream in("/proc/" + std::to_string(process_.id()) + "/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6)) * 1024;
  }
  throw std::runtime_error("no peak memory: the agent doesn't run");
}

std::vector<json> AgentProcess::entries(const std::string& type) const {
  const ledger::LogReader log(database());
  std::vector<nlohmann::json> found;
  log.for_each(0, log.size(), [&](std::uint64_t, std::string_view line) {
    const auto entry = nlohmann::json::parse(line);
    if (entry.at("type") == type) found.push_back(entry.at("body"));
    return true;
  });
  return found;
}

}  // namespace test_support
