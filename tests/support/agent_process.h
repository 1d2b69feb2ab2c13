// A real `ehr-agent serve` with a folder of its own below a test's: keys, configuration, HIS, ledger. Ended
// by its process id on destruction, and by the kernel if the test dies. Not thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "ledger-client/core/address.h"
#include "tests/support/process.h"

namespace test_support {

// Configuration keys with their TOML values: {"transfer.window", "\"1MiB\""}.
using Settings = std::map<std::string, std::string>;

struct CommandResult {
  int status = -1;
  std::string output;  // standard output and standard error
};

// A command line that runs beside the test.
class RunningCommand {
 public:
  RunningCommand(const std::vector<std::string>& command, std::filesystem::path log);
  CommandResult wait(int timeout_ms = 50'000);  // status -1: it still runs
  Process& process() { return process_; }

 private:
  std::filesystem::path log_;
  Process process_;
};

class AgentProcess {
 public:
  // Makes keys and folders with `ehr-agent init`; nothing runs yet.
  AgentProcess(std::filesystem::path program, std::filesystem::path folder, const std::string& address);
  AgentProcess(const AgentProcess&) = delete;
  AgentProcess& operator=(const AgentProcess&) = delete;

  const ledger::Address& address() const { return address_; }
  const nlohmann::json& member() const;  // as the federation document lists it
  std::filesystem::path folder() const { return folder_; }
  std::filesystem::path keys() const { return folder_ / "keys"; }
  std::filesystem::path state() const;
  std::filesystem::path database() const { return state() / "agent.db"; }

  // The configuration it starts with next, and who gets a hospital's consent for TREAT about every patient as
  // soon as it runs (once; they are in its database then).
  void configure(const Settings& settings, const std::vector<std::string>& allowed_peers);
  // `consent grant`; gives the consent's id. `more` are further options.
  std::string grant(const std::string& patient, const std::string& peer, const std::string& purpose,
                    const std::vector<std::string>& more = {}) const;
  void set_state(const std::filesystem::path& state);

  void launch();  // returns at once
  // Under another program that becomes its parent's grandchild (`strace -D …`), so that it is still ended by
  // its own id. Returns at once.
  void launch_under(std::vector<std::string> program);
  void start();             // launch(), then wait until it serves
  void wait_until_ready();  // and until who shall have a consent has it
  int stop();               // SIGTERM; the exit status
  void kill_hard();         // SIGKILL
  void signal(int number) const { process_.signal(number); }
  bool running() { return process_.running(); }

  CommandResult command(const std::vector<std::string>& arguments) const;
  RunningCommand command_beside(const std::vector<std::string>& arguments);
  // `command` with --json. Throws with its output unless it ends with 0.
  nlohmann::json command_json(const std::vector<std::string>& arguments) const;
  // `ehr-agent request`, the bundle in `output`.
  CommandResult request(const ledger::Address& peer, const std::string& patient,
                        const std::filesystem::path& output, const std::vector<std::string>& more = {}) const;
  // `his import` of a file or directory.
  void import(const std::filesystem::path& records) const;

  std::string log() const;
  std::uint64_t counter(const std::string& name) const;  // of `ehr-agent status`
  std::uint64_t peak_memory_bytes() const;               // of the running process

  // Bodies of the ledger's entries of a type, in order, read from the database.
  std::vector<nlohmann::json> entries(const std::string& type) const;

 private:
  std::vector<std::string> command_line(const std::vector<std::string>& arguments) const;

  std::filesystem::path program_, folder_, state_;
  ledger::Address address_;
  std::shared_ptr<nlohmann::json> member_;
  Process process_;
  int commands_ = 0;
  std::vector<std::string> peers_;                        // that shall have a consent
  std::map<std::string, std::filesystem::path> granted_;  // that have one, and in which state
};

// Polls until `met` or `seconds` passed; false then. For conditions outside this process, which nobody
// announces.
bool eventually(const std::function<bool()>& met, int seconds = 30);

}  // namespace test_support
