#include "tests/support/federation.h"

#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>

#include "ledger-client/core/base64.h"
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
  json members = json::array();
  for (std::size_t i = 1; i <= options.agents; ++i) {
    const std::string address = "127.0.10." + std::to_string(i);
    auto agent = std::make_unique<AgentProcess>(options.agent_program, folder_ / std::to_string(i), address);
    pki({"agent", broker_.authority(), address, agent->keys()});
    pki({"sign-cert", broker_.authority(), address, agent->keys() / "sign-1.pem",
         agent->keys() / "sign-1.crt"});
    json member = agent->member();
    if (options.witness_quorum > 0) member["roles"] = {"hospital", "witness"};
    members.push_back(std::move(member));
    agents_.push_back(std::move(agent));
  }
  const json document{
      {"v", 1},
      {"version", 1},
      {"prev", std::string(64, '0')},
      {"threshold", 1},
      {"admins", json::array()},
      {"witness_quorum", options.witness_quorum},
      {"ca_spki_sha256", first_line(run({source_root() / "deploy/pki", "spki", broker_.authority()}))},
      {"members", members}};
  auto parsed = ledger::parse_federation(document.dump());
  if (!parsed) throw std::runtime_error(parsed.error().reason);
  document_ = std::move(*parsed);
  for (std::size_t i = 0; i < agents_.size(); ++i) {
    std::ofstream(agents_[i]->folder() / "federation.json") << document.dump();
    configure(i, {});
  }
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
    if (other != agents_[index]) peers.push_back(other->address().text());
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
