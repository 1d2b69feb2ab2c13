// A broker and the agents of one federation around it, at 127.0.10.1 and up: the whole system in a folder.
// Agents are set up and configured, not started; each gets a consent to ask
// every other for TREAT about any patient when it runs.
#pragma once

#include <memory>

#include "deploy/sample/patient_generator.h"
#include "ledger-client/core/federation.h"
#include "tests/support/agent_process.h"
#include "tests/support/broker.h"

namespace test_support {

struct FederationOptions {
  std::filesystem::path agent_program, ledger_program;
  std::size_t agents = 2;
  Settings settings;       // of every agent
  bool overheard = false;  // see Broker
  // Above 0 every agent is a witness of the others, and so many make a quorum.
  std::size_t witness_quorum = 0;
  bool consents = true;  // else nobody may ask
};

class Federation {
 public:
  explicit Federation(const FederationOptions& options);

  Broker& broker() { return broker_; }
  AgentProcess& operator[](std::size_t index) { return *agents_.at(index); }
  void start();  // all of them

  // Configures an agent anew (for its next start): the federation's settings, then these.
  void configure(std::size_t index, const Settings& settings);

  // The version after what `current` names, with these options of `federation propose`, signed by both
  // admins: the document's file. Nobody follows it yet.
  std::filesystem::path next_version(const std::filesystem::path& current,
                                     const std::vector<std::string>& changes);
  // The draft of it alone; `admins` of alice and bob have signed it.
  std::filesystem::path draft(const std::filesystem::path& current, const std::vector<std::string>& changes,
                              const std::vector<std::string>& admins);
  // What draft() or next_version() made last.
  std::filesystem::path newest_draft() const {
    return folder_ / ("draft-" + std::to_string(drafts_) + ".json");
  }
  std::filesystem::path admin_key(const std::string& name) const { return folder_ / (name + ".pem"); }
  std::filesystem::path first_version() const { return folder_ / "federation.json"; }

  // Parsed, for tests that play a member.
  const ledger::Federation& document() const { return document_; }

  // Writes a generated patient into a file and imports it; `index` chooses the patient.
  sample::SamplePatient give_patient(AgentProcess& agent, std::uint64_t index, std::size_t bytes = 0);
  // A patient whose record holds `bytes` that do not compress, in attachments.
  sample::SamplePatient give_heavy_patient(AgentProcess& agent, std::uint64_t index, std::size_t bytes);

  // `ehr-ledger verify --all` over an agent's database; its output is in a failure's message.
  CommandResult verify_ledger(const AgentProcess& agent) const;

  // `ehr-ledger` with these arguments.
  CommandResult ledger_command(const std::vector<std::string>& arguments) const;

  const TempDir& folder() const { return folder_; }

 private:
  void found();  // makes the admins and the first version
  std::string command(const std::vector<std::string>& arguments) const;

  FederationOptions options_;
  TempDir folder_;
  int drafts_ = 0;
  Broker broker_;
  std::vector<std::unique_ptr<AgentProcess>> agents_;
  ledger::Federation document_;
};

// "system|value" of the patient's first identifier.
std::string identifier_of(const sample::SamplePatient& patient);

}  // namespace test_support
