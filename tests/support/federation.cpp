#include "tests/support/federation.h"

#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>

#include "ledger-client/core/base64.h"
#include "ledger-client/core/federation_document.h"
#include "tests/support/shared_data.h"

namespace test_support {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::size_t kAttachmentBytes = 512 * 1024;

void pki(const std::vector<std::string>& arguments) {
  std::vector<std::string> line{source_root() / "deploy/pki"};
  line.insert(line.end(), arguments.begin(), arguments.end());
  run(line);
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

sample::Entry attachment(const std::string& patient_url, std::uint64_t number, std::mt19937_64& random) {
  ledger::Bytes bytes(kAttachmentBytes);
  for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8) {
    const std::uint64_t word = random();
    std::memcpy(bytes.data() + i, &word, 8);
  }
  char id[40];
  std::snprintf(id, sizeof id, "0a77ac00-0000-4000-8000-%012llu", static_cast<unsigned long long>(number));
  const json document{
      {"resourceType", "DocumentReference"},
      {"id", id},
      {"status", "current"},
      {"type", {{"text", "Scan"}}},
      {"subject", {{"reference", patient_url}}},
      {"content",
       {{{"attachment",
          {{"contentType", "application/octet-stream"}, {"data", ledger::base64_encode(bytes)}}}}}}};
  return {std::string("urn:uuid:") + id, "DocumentReference", document.dump()};
}

}  // namespace

std::string identifier_of(const sample::SamplePatient& patient) {
  return patient.identifier_system + "|" + patient.identifier_value;
}

Federation::Federation(const FederationOptions& options) : options_(options), broker_(options.overheard) {
  for (std::size_t i = 1; i <= options.agents; ++i) {
    const std::string address = "127.0.10." + std::to_string(i);
    auto agent = std::make_unique<AgentProcess>(options.agent_program, folder_ / std::to_string(i), address);
    pki({"agent", broker_.authority(), address, agent->keys()});
    pki({"sign-cert", broker_.authority(), address, agent->keys() / "sign-1.pem",
         agent->keys() / "sign-1.crt"});
    agents_.push_back(std::move(agent));
  }
  found();
  auto opened = ledger::open_first(read_file(first_version()), std::nullopt);
  if (!opened) throw std::runtime_error(opened.error().reason);
  document_ = opened->federation();
  for (std::size_t i = 0; i < agents_.size(); ++i) {
    fs::copy_file(first_version(), agents_[i]->folder() / "federation.json");
    configure(i, {});
  }
}

std::string Federation::command(const std::vector<std::string>& arguments) const {
  std::vector<std::string> line{options_.agent_program, "federation"};
  line.insert(line.end(), arguments.begin(), arguments.end());
  return run(line);
}

void Federation::found() {
  const fs::path file = folder_ / "draft.json";
  std::vector<std::string> init{"init",
                                "--threshold",
                                "2",
                                "-o",
                                file,
                                "--ca-spki",
                                first_line(run({source_root() / "deploy/pki", "spki", broker_.authority()}))};
  for (const std::string admin : {"alice", "bob"}) {
    const auto made = json::parse(command({"admin-key", admin_key(admin), "--json"}));
    init.insert(init.end(), {"--add-admin", admin + "=" + made.at("key").get<std::string>()});
  }
  for (const auto& agent : agents_) {
    const fs::path member = agent->folder() / "member.json";
    std::ofstream(member) << agent->member();
    init.insert(init.end(), {"--join", member});
    if (options_.witness_quorum > 0)
      init.insert(init.end(), {"--role", agent->address().text() + "=hospital,witness"});
  }
  if (options_.witness_quorum > 0)
    init.insert(init.end(), {"--witness-quorum", std::to_string(options_.witness_quorum)});
  command(init);
  for (const std::string admin : {"alice", "bob"})
    command({"approve", file, "--key", admin_key(admin), "--yes"});
  command({"publish", file, "-o", first_version()});
}

fs::path Federation::draft(const fs::path& current, const std::vector<std::string>& changes,
                           const std::vector<std::string>& admins) {
  fs::path file = folder_ / ("draft-" + std::to_string(++drafts_) + ".json");
  std::vector<std::string> propose{"propose", "--current", current, "-o", file};
  propose.insert(propose.end(), changes.begin(), changes.end());
  command(propose);
  for (const auto& admin : admins)
    command({"approve", file, "--current", current, "--key", admin_key(admin), "--yes"});
  return file;
}

fs::path Federation::next_version(const fs::path& current, const std::vector<std::string>& changes) {
  const fs::path made = draft(current, changes, {"alice", "bob"});
  fs::path file = folder_ / ("version-" + std::to_string(drafts_) + ".json");
  command({"publish", made, "--current", current, "-o", file});
  return file;
}

void Federation::configure(std::size_t index, const Settings& settings) {
  Settings all{{"mqtt.url", '"' + broker_.url() + '"'},
               {"limits.min_free_bytes", "\"1MiB\""},
               {"transfer.retry_first", "\"200ms\""},
               {"transfer.retry_max", "\"1s\""}};
  for (const auto& [key, value] : options_.settings) all[key] = value;
  for (const auto& [key, value] : settings) all[key] = value;
  std::vector<std::string> peers;
  for (const auto& other : agents_) {
    if (options_.consents && other != agents_[index]) peers.push_back(other->address().text());
  }
  agents_[index]->configure(all, peers);
}

void Federation::start() {
  for (const auto& agent : agents_) agent->launch();
  for (const auto& agent : agents_) agent->wait_until_ready();
}

sample::SamplePatient Federation::give_patient(AgentProcess& agent, std::uint64_t index, std::size_t bytes) {
  auto patient = sample::generate_patient({7, index, bytes});
  const fs::path file = agent.folder() / (patient.id + ".json");
  std::ofstream(file) << sample::as_bundle(patient);
  agent.import(file);
  fs::remove(file);
  return patient;
}

sample::SamplePatient Federation::give_heavy_patient(AgentProcess& agent, std::uint64_t index,
                                                     std::size_t bytes) {
  auto patient = sample::generate_patient({7, index, 0});
  std::mt19937_64 random(index);
  const std::string url =
      patient.references == sample::References::kUrn ? "urn:uuid:" + patient.id : "Patient/" + patient.id;
  for (std::size_t at = 0; at < bytes; at += kAttachmentBytes)
    patient.entries.push_back(attachment(url, index * 1'000'000 + at / kAttachmentBytes, random));
  const fs::path file = agent.folder() / (patient.id + ".json");
  std::ofstream(file) << sample::as_bundle(patient);
  agent.import(file);
  fs::remove(file);
  return patient;
}

CommandResult Federation::ledger_command(const std::vector<std::string>& arguments) const {
  const TempDir folder;
  std::vector<std::string> line{options_.ledger_program};
  line.insert(line.end(), arguments.begin(), arguments.end());
  return RunningCommand(line, folder / "output").wait();
}

CommandResult Federation::verify_ledger(const AgentProcess& agent) const {
  return ledger_command(
      {"verify", "--all", "--db", agent.database(), "--federation", agent.folder() / "federation.json"});
}

}  // namespace test_support
