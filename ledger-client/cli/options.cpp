#include "ledger-client/cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>

#include "ledger-client/core/origin.h"
#include "ledger-client/store/log_reader.h"
#include "ledger-client/store/tiles.h"

namespace ledger::cli {
namespace {

constexpr std::size_t kMaxIndexDigits = 16;  // 2^53
constexpr const char* kDefaultDatabase = "/var/lib/ehr-agent/agent.db";

std::string database_of(const Options& options) {
  if (!options.database.empty()) return options.database;
  const char* from_environment = std::getenv("EHR_LEDGER_DB");
  return from_environment != nullptr && *from_environment != '\0' ? from_environment : kDefaultDatabase;
}

// Exported logs and replicas below a directory.
struct Found {
  std::vector<std::filesystem::path> exports, databases;
};

Found logs_below(const std::filesystem::path& root) {
  Found found;
  if (!std::filesystem::is_directory(root)) return found;
  if (std::filesystem::is_regular_file(root / "checkpoint")) found.exports.push_back(root);
  for (auto at = std::filesystem::recursive_directory_iterator(root); at != end(at); ++at) {
    if (at->is_regular_file() && at->path().extension() == ".db") found.databases.push_back(at->path());
    if (!at->is_directory()) continue;
    if (at->path().filename() == "tile") at.disable_recursion_pending();
    if (std::filesystem::is_regular_file(at->path() / "checkpoint")) found.exports.push_back(at->path());
  }
  std::sort(found.exports.begin(), found.exports.end());
  std::sort(found.databases.begin(), found.databases.end());
  return found;
}

class StandIn final : public LogSource {
 public:
  StandIn(std::string name, std::string reason) : name_(std::move(name)), reason_(std::move(reason)) {}

  std::string origin() const override { return name_; }
  std::uint64_t size() const override { throw DamagedLog(reason_); }
  std::optional<std::string> line(std::uint64_t) const override { throw DamagedLog(reason_); }
  std::optional<std::string> newest_checkpoint_note() const override { throw DamagedLog(reason_); }
  std::vector<StoredCheckpoint> checkpoints() const override { throw DamagedLog(reason_); }
  Hash node(unsigned, std::uint64_t) const override { throw DamagedLog(reason_); }
  std::unique_ptr<NodeCursor> nodes(unsigned) const override { throw DamagedLog(reason_); }
  void for_each_entry(std::uint64_t, std::uint64_t,
                      const std::function<bool(const StoredEntry&)>&) const override {
    throw DamagedLog(reason_);
  }

 private:
  std::string name_, reason_;
};

template <typename Source>
std::unique_ptr<LogSource> open_source(const std::filesystem::path& file, Damaged damaged) {
  try {
    return std::make_unique<Source>(file);
  } catch (const DamagedLog& damage) {
    if (damaged == Damaged::kThrow) throw;
    return std::make_unique<StandIn>(file.string(), damage.what());
  }
}

}  // namespace

CLI::Option* add_broker_options(CLI::App& command, Options& options) {
  auto& broker = options.broker;
  auto* url =
      command.add_option("--broker", broker.url, "A live broker: mqtts://HOST[:PORT] or mqtt://HOST[:PORT]");
  command.add_option("--ca", broker.ca_file, "CA certificates of the broker (PEM)")->needs(url);
  auto* certificate =
      command.add_option("--cert", broker.certificate_file, "Client certificate (PEM)")->needs(url);
  auto* key = command.add_option("--key", broker.key_file, "Its private key (PEM)")->needs(url);
  certificate->needs(key);
  key->needs(certificate);
  auto* user = command.add_option("--user", broker.user, "Monitor account on the broker")->needs(url);
  command.add_option("--password-file", broker.password_file, "File that holds its password")->needs(user);
  command.add_flag("--mqtt-3.1.1", broker.mqtt311, "Speak MQTT 3.1.1 instead of 5")->needs(url);
  return url;
}

void add_source_options(CLI::App& command, Options& options, bool with_broker) {
  auto* database = command.add_option(
      "--db", options.database,
      "An agent's database (default: $EHR_LEDGER_DB, else " + std::string(kDefaultDatabase) + ")");
  auto* directory =
      command.add_option("--dir", options.directory,
                         "A directory in tlog-tiles layout, as `export` writes it, or of replicas, as "
                         "`replicate` keeps them");
  directory->excludes(database);
  if (!with_broker) return;
  add_broker_options(command, options)->excludes(database)->excludes(directory);
}

void add_trust_options(CLI::App& command, Options& options) {
  auto& trust = options.trust;
  auto* federation = command.add_option(
      "--federation", trust.federation,
      "Federation document (default: $EHR_LEDGER_FEDERATION, else /etc/ehr-agent/federation.json)");
  command.add_option("--sha256", trust.federation_sha256,
                     "Accept only a federation document with this SHA-256 (hex)");
  command.add_option("--policy", trust.policy, "tlog-policy file")->excludes(federation);
  command.add_option("--vkey", trust.vkeys, "Verifier key of a log or witness; may be repeated")
      ->allow_extra_args(false);
}

void add_json_option(CLI::App& command, Options& options) {
  command.add_flag("--json", options.json, "Print JSON");
}

CLI::Validator entry_index() {
  const auto digits = [](const std::string& text) {
    const bool number = !text.empty() && text.size() <= kMaxIndexDigits &&
                        text.find_first_not_of("0123456789") == std::string::npos;
    return number ? std::string() : "an entry is a number, counted from 0";
  };
  return {digits, "UINT"};
}

std::string full_origin(const std::string& text) {
  const auto slash = std::min(text.find('/'), text.size());
  const auto host = text.substr(0, slash);
  auto address = Address::parse(host);
  if (!address) address = Address::from_topic_form(host);
  if (!address) return text;
  const std::string origin = address->origin() + text.substr(slash);
  return parse_origin(origin) ? origin : text;
}

std::vector<std::unique_ptr<LogSource>> open_all_logs(const Options& options, Damaged damaged) {
  std::vector<std::unique_ptr<LogSource>> logs;
  try {
    if (options.directory.empty()) {
      logs.push_back(open_source<LogReader>(database_of(options), damaged));
    } else {
      logs = open_logs_below(options.directory, damaged);
    }
  } catch (const DamagedLog&) {
    throw;
  } catch (const UnreadableLog& unreadable) {
    throw UserError(kNotFound, unreadable.what(),
                    "name a log with --db FILE, --dir DIR or --broker URL; reading an agent's database needs "
                    "its user or root");
  }
  if (logs.empty())
    throw UserError(kNotFound, "there is no exported log and no replica in " + options.directory);
  return logs;
}

std::vector<std::unique_ptr<LogSource>> open_logs_below(const std::filesystem::path& directory,
                                                        Damaged damaged) {
  std::vector<std::unique_ptr<LogSource>> logs;
  const auto found = logs_below(directory);
  for (const auto& tiles : found.exports) logs.push_back(open_source<TileDirectory>(tiles, damaged));
  for (const auto& database : found.databases) logs.push_back(open_source<LogReader>(database, damaged));
  return logs;
}

std::unique_ptr<LogSource> open_log(const Options& options, const std::string& origin, Damaged damaged) {
  auto logs = open_all_logs(options, Damaged::kStandIn);
  std::unique_ptr<LogSource> stand_in;
  std::string others;
  for (auto& log : logs) {
    if (log->origin() == full_origin(origin)) return std::move(log);
    if (dynamic_cast<const StandIn*>(log.get()) != nullptr) {
      stand_in = std::move(log);
      continue;
    }
    others += (others.empty() ? "" : ", ") + log->origin();
  }
  if (stand_in && damaged == Damaged::kThrow) stand_in->size();  // throws
  if (stand_in) return stand_in;
  throw UserError(kNotFound, "there is no log " + full_origin(origin) + " here", "there is: " + others);
}

}  // namespace ledger::cli
