// The configuration: one TOML file parsed into an immutable value. Defaults stand here, keys and ranges in
// keys.cpp; ehr-agent.conf(5) and the sample file are held to both by a test. parse_config is pure; it
// reports all problems at once, each with its line and key.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/fhir/document.h"
#include "ledger-client/core/address.h"
#include "ledger-client/core/motion_tally.h"
#include "ledger-client/core/result.h"

namespace edge {

using Milliseconds = std::chrono::milliseconds;
namespace fs = std::filesystem;

struct AgentConfig {
  std::optional<ledger::Address> address;  // always set after parse_config
  std::string name = "Hospital";           // shown in bundles as author and custodian
  fs::path state_dir = "/var/lib/ehr-agent";
  unsigned workers = 2;
};
struct ControlConfig {
  fs::path socket = "/run/ehr-agent/control.sock";
};
struct KeysConfig {
  fs::path dir = "/etc/ehr-agent/keys";
  std::string sign_token;  // pkcs11: URI of the signing key; empty: it is a file
  fs::path sign_pin;       // file of the token's PIN; empty: none
};
struct FederationConfig {
  fs::path file = "/etc/ehr-agent/federation.json";
};
struct MqttConfig {
  std::string url = "mqtts://localhost:8883";
  std::string version = "5";  // "5" or "3.1.1"
  fs::path ca, cert, key;     // default: keys.dir/{ca.crt,tls.crt,tls.key}
};
struct HisConfig {
  std::string kind = "sqlite";
  fs::path database;  // default: state_dir/his.db
};
struct LedgerConfig {
  fs::path guard = "/var/lib/ehr-agent-guard/guard";
  Milliseconds startup_wait{2'000};  // for other members to say what they remember of the own log
  Milliseconds interval{3'600'000};  // of peer-checkpoint entries; a log silent for three is stale
};
struct AnchorConfig {
  std::string require = "signed";  // or "witnessed"
};
struct TransferConfig {
  std::uint64_t window = 4u << 20;                     // bytes in flight beyond the last acknowledgement
  Milliseconds deadline{24 * 3'600'000};               // an unreceipted transfer ends after it, with a reason
  Milliseconds retry_first{1'000}, retry_max{60'000};  // exponential back-off with jitter
};
struct RequestConfig {
  Milliseconds lifetime{10 * 60'000};      // expires - issued of own requests
  Milliseconds max_lifetime{15 * 60'000};  // of others
  Milliseconds clock_tolerance{60'000};
};
struct RefusalConfig {
  Milliseconds quantum{250};  // refusals are answered at receipt + a multiple of it
};
struct LimitsConfig {
  std::size_t request_bytes = 1u << 20;   // one incoming request or acknowledgement
  std::size_t bundle_bytes = 256u << 20;  // one bundle, plaintext, either way
  std::size_t intake_queue = 256;         // messages waiting for a worker; a full queue drops silently
  std::size_t work_queue_per_peer = 64;   // verified requests waiting, per peer; then `busy`
  double requests_per_second = 500;       // per peer, token bucket
  double request_burst = 1'000;
  std::size_t pending_requests = 256;         // own requests not yet ended
  std::size_t assemblies = 2;                 // bundles assembled at once
  std::uint64_t answers_bytes = 64u << 20;    // answers about ledgers on their way, kept in memory
  std::uint64_t spool_bytes = 8ull << 30;     // spool and inbox together
  std::uint64_t min_free_bytes = 256u << 20;  // below it new work is refused
};
struct RetentionConfig {
  std::chrono::hours spool{24 * 7}, audit{24 * 365 * 10}, inbox{24 * 30};
};
struct MetricsConfig {
  Milliseconds interval{10'000};
};
struct ConsentConfig {
  bool mark_withheld = false;  // say in a bundle which sections a consent withholds
};
struct BreakGlassConfig {
  bool allow = false;  // ETREAT with a reason stands in for a missing consent
};
// How many approvers it takes; 0: nobody is asked.
struct ApprovalConfig {
  std::uint64_t keys = 0;                     // rotating, revoking and recovering keys
  std::uint64_t break_glass = 0;              // that break_glass.allow takes effect; the review of each use
  std::uint64_t federation = 0;               // publishing a version of the federation document
  Milliseconds lifetime{7 * 24 * 3'600'000};  // of a motion
  ledger::Roster approvers;                   // [[approver]]
};
// A name for several peers, for consents.
struct PeerGroup {
  std::string name;
  std::vector<ledger::Address> peers;
};

struct Config {
  AgentConfig agent;
  ControlConfig control;
  KeysConfig keys;
  FederationConfig federation;
  MqttConfig mqtt;
  HisConfig his;
  LedgerConfig ledger;
  AnchorConfig anchor;
  TransferConfig transfer;
  RequestConfig request;
  RefusalConfig refusal;
  LimitsConfig limits;
  RetentionConfig retention;
  MetricsConfig metrics;
  ConsentConfig consent;
  BreakGlassConfig break_glass;
  ApprovalConfig approval;
  std::vector<PeerGroup> groups;  // [[group]]
  std::vector<fhir::SectionRule>
      sections;  // [[section]]: rules that replace the default rule of their section
};

struct ConfigProblem {
  unsigned line = 0;  // 0: the file as a whole
  std::string key;    // dotted
  std::string what;
};

// Relative paths are resolved against `base`. Unknown keys, wrong types and out-of-range values are all
// reported at once.
ledger::Result<Config, std::vector<ConfigProblem>> parse_config(std::string_view toml, const fs::path& base);
// Reads the file and parses it against its folder. A file that can't be read is a problem of line 0.
ledger::Result<Config, std::vector<ConfigProblem>> load_config(const fs::path& file);
// "line 12: limits.workers: must be …", or without the line where there is none.
std::string to_text(const ConfigProblem& problem);
// Reads --config, else EHR_AGENT_CONFIG, else /etc/ehr-agent/ehr-agent.toml.
fs::path config_path(const std::optional<fs::path>& from_command_line);

// `defaults` with each rule of `config.sections` in the place of the default rule of its section.
std::vector<fhir::SectionRule> merged_rules(std::vector<fhir::SectionRule> defaults, const Config& config);

// What there is to configure, for documents, tests and completion: a value as TOML text, `range` in words.
struct KeyInfo {
  std::string name;  // dotted; "group[].name" for keys of a list
  std::string type;
  std::string range;
  std::string default_text;  // empty: none, or derived from another key as `range` says
};
std::vector<KeyInfo> config_keys();
// Each key of the tables (not the lists) with its value as TOML text, in the order of the sample.
std::vector<std::pair<std::string, std::string>> config_values(const Config& config);

// What the configuration names keeps the service from starting; `hint` says what helps.
class ConfigFault : public std::runtime_error {
 public:
  ConfigFault(const std::string& what, std::string hint) : std::runtime_error(what), hint_(std::move(hint)) {}
  const std::string& hint() const { return hint_; }

 private:
  std::string hint_;
};

}  // namespace edge
