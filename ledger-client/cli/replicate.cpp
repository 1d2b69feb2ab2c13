#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "ledger-client/cli/broker_feed.h"
#include "ledger-client/cli/commands.h"
#include "ledger-client/cli/files.h"
#include "ledger-client/cli/print.h"
#include "ledger-client/cli/replicas.h"
#include "ledger-client/cli/stop.h"
#include "ledger-client/store/log_reader.h"
#include "ledger-client/store/sqlite.h"

namespace ledger::cli {
namespace {

constexpr std::chrono::seconds kConnectTimeout{15};
constexpr std::chrono::milliseconds kLook{500};
constexpr std::chrono::seconds kLookAtSources{5};  // how often sources are read again for what is missing

struct ReplicateCommand {
  std::string directory;
  std::vector<std::string> sources;
  std::vector<std::string> origins;
  double seconds = 0;
};

std::vector<std::unique_ptr<LogSource>> open_source(const std::string& name) {
  try {
    if (!std::filesystem::is_directory(name)) {
      std::vector<std::unique_ptr<LogSource>> one;
      one.push_back(std::make_unique<LogReader>(name));
      return one;
    }
    auto logs = open_logs_below(name);
    if (!logs.empty()) return logs;
    throw UnreadableLog("there is no exported log and no database in " + name);
  } catch (const UnreadableLog& unreadable) {
    throw UserError(kNotFound, unreadable.what(),
                    "a source is a directory written by `export`, a directory of replicas or a database");
  }
}

// The directory with all its logs, and what is said about them on the way.
class Session {
 public:
  Session(const ReplicateCommand& command, const Trust& trust, Options& options)
      : command_(command), options_(options) {
    std::filesystem::create_directories(command.directory);
    const auto origins = command.origins.empty() ? trust.origins() : command.origins;
    for (const auto& origin : origins) {
      auto& log = logs_
                      .emplace(std::piecewise_construct, std::forward_as_tuple(origin),
                               std::forward_as_tuple(command.directory, origin, trust))
                      .first->second;
      if (!log.repaired().empty()) warn(origin, log.repaired());
      if (log.frozen()) bad(origin, log.contradiction());
    }
  }

  ReplicatedLog* find(const std::string& origin) {
    const auto found = logs_.find(origin);
    return found == logs_.end() ? nullptr : &found->second;
  }

  // From every source whatever it holds beyond what is here.
  void fill() {
    for (const auto& name : command_.sources) {
      for (const auto& source : open_source(name)) {
        auto* log = find(source->origin());
        if (log == nullptr) {
          if (unknown_.insert(source->origin()).second)
            warn(source->origin(), "not one of the logs to keep: left out");
          continue;
        }
        const auto wrong = log->fill(*source, progress_bar(log->origin()));
        complain(*log, wrong.empty() ? wrong : name + ": " + wrong);
        complain(*log, log->take_waiting());
      }
    }
    filled_ = std::chrono::steady_clock::now();
  }

  void take(const LedgerMessage& message) {
    for (auto& [origin, log] : logs_) {
      if (!message.is_about(origin)) continue;
      switch (message.kind) {
        case topics::Kind::kEntries:
          complain(log, log.take_entries(message.payload));
          break;
        case topics::Kind::kCheckpoint:
          complain(log, log.take_checkpoint(message.payload));
          break;
        default:
          log.take_cosignature(message.payload);
      }
    }
  }

  // Looks at what is missing, now and then.
  void look_after_gaps() {
    if (std::chrono::steady_clock::now() - filled_ < kLookAtSources) return;
    const auto has_gap = [](const auto& entry) { return entry.second.gap_end().has_value(); };
    if (!command_.sources.empty() && std::any_of(logs_.begin(), logs_.end(), has_gap)) fill();
    filled_ = std::chrono::steady_clock::now();
    for (const auto& [origin, log] : logs_) {
      if (const auto end = log.gap_end(); end && said_missing_[origin] != *end) {
        said_missing_[origin] = *end;
        warn(origin, missing(log, *end));
      }
    }
  }

  // Exit status and summary.
  void finish() {
    auto json = nlohmann::json::array();
    for (const auto& [origin, log] : logs_) {
      const auto target = log.target();
      if (!log.complete() && options_.status == kGood) options_.status = kNotFound;
      json.push_back({{"origin", origin},
                      {"entries", log.replica().size()},
                      {"size", target},
                      {"complete", log.complete()},
                      {"witnessed", log.witnessed_size()},
                      {"root", to_hex(log.replica().root())},
                      {"file", replica_file(command_.directory, origin).string()}});
      if (log.frozen()) json.back()["contradiction"] = log.contradiction();
      if (options_.json) continue;
      *options_.out << origin << ": " << log.replica().size() << " of " << target << " entries"
                    << (log.complete() ? "" : ", " + missing(log, target));
      if (log.witnessed_size() > 0) *options_.out << ", witnessed up to " << log.witnessed_size();
      *options_.out << '\n';
    }
    if (options_.json) {
      *options_.out << nlohmann::json{{"good", options_.status == kGood}, {"logs", json}}.dump(2) << '\n';
    }
  }

 private:
  std::string missing(const ReplicatedLog& log, std::uint64_t end) const {
    const auto from = log.replica().size();
    auto text = "entries " + std::to_string(from) + " to " + std::to_string(end - 1) + " are missing";
    return text + (command_.sources.empty()
                       ? ": a broker keeps none, give --from with an export or a database of a member"
                       : ": no source holds them");
  }

  void warn(const std::string& origin, const std::string& what) {
    *options_.err << "ehr-ledger: warning: " << origin << ": " << what << std::endl;
  }
  void bad(const std::string& origin, const std::string& what) {
    warn(origin, what);
    options_.status = kBad;
  }
  void complain(const ReplicatedLog& log, const std::string& wrong) {
    if (wrong.empty()) return;
    log.frozen() ? bad(log.origin(), wrong) : warn(log.origin(), wrong);
  }

  const ReplicateCommand& command_;
  Options& options_;
  std::map<std::string, ReplicatedLog> logs_;
  std::set<std::string> unknown_;
  std::map<std::string, std::uint64_t> said_missing_;
  std::chrono::steady_clock::time_point filled_{};
};

void keep_replicas(const ReplicateCommand& command, const Trust& trust, Options& options) {
  Session session(command, trust, options);
  session.fill();
  if (!options.broker.url.empty()) {
    const auto only = command.origins.size() == 1 ? command.origins.front() : std::string();
    BrokerFeed feed(options.broker, only, kConnectTimeout);
    Stop stop(command.seconds, 0);
    while (!stop.reached()) {
      const auto message = feed.next(kLook);
      if (feed.overflowed())
        *options.err << "ehr-ledger: warning: messages came faster than they could be verified; what is left "
                        "out must come from a source\n";
      if (message) session.take(*message);
      session.look_after_gaps();
    }
  }
  session.finish();
}

// A replica takes a batch whole or not at all, so what a full disk interrupts is continued by a later run.
void replicate(const ReplicateCommand& command, Options& options) {
  const auto trust = Trust::load(options.trust);
  try {
    keep_replicas(command, trust, options);
  } catch (const sqlite::SqliteError& error) {
    throw unwritable(command.directory, error.what(), error.disk_full());
  } catch (const std::system_error& error) {
    throw unwritable(command.directory, error);
  }
}

}  // namespace

void add_replicate(CLI::App& program, Options& options) {
  auto command = std::make_shared<ReplicateCommand>();
  auto* app = program.add_subcommand(
      "replicate", "Keep full, verified replicas of every trusted log in a directory, one database a log");
  app->add_option("DIR", command->directory, "Directory of the replicas; what is in it is continued")
      ->required();
  app->add_option(
         "--from", command->sources,
         "Where earlier history comes from: an exported log, a directory of replicas or exports, or a "
         "member's database; may be repeated")
      ->allow_extra_args(false);
  app->add_option("--only", command->origins, "Only this log; may be repeated")->allow_extra_args(false);
  app->add_option("--for", command->seconds,
                  "With --broker: stop after so many seconds (default: on Ctrl-C)");
  add_broker_options(*app, options);
  add_trust_options(*app, options);
  add_json_option(*app, options);
  app->footer(
      "Nothing is believed: sources and broker are checked against the checkpoints the log signed.\nExit "
      "status "
      "1: a log signed two histories; 66: entries are still missing.\n\nExamples:\n  ehr-ledger replicate "
      "/srv/replicas --broker mqtts://broker.example --ca ca.pem --cert monitor.crt --key monitor.key\n"
      "  ehr-ledger replicate /srv/replicas --from /mnt/export");
  app->callback([command, &options] {
    if (options.broker.url.empty() && command->sources.empty()) {
      throw UserError(kUsage, "nothing to replicate from", "give --broker URL, --from SOURCE or both");
    }
    for (auto& origin : command->origins) origin = full_origin(origin);
    replicate(*command, options);
  });
}

void add_import(CLI::App& program, Options& options) {
  auto command = std::make_shared<ReplicateCommand>();
  auto* app = program.add_subcommand(
      "import", "Take exported logs or databases into a directory of replicas, verifying them");
  app->add_option("SOURCE", command->sources,
                  "Directories written by `export` (or holding several), or databases")
      ->required();
  app->add_option("--to", command->directory, "Directory of the replicas")->required();
  add_trust_options(*app, options);
  add_json_option(*app, options);
  app->footer(
      "The logs are those of the sources; each needs a trusted key.\n\nExample:\n  ehr-ledger import "
      "/mnt/export/10-20-0-5 --to /srv/replicas");
  app->callback([command, &options] {
    std::set<std::string> origins;
    for (const auto& name : command->sources) {
      for (const auto& source : open_source(name)) origins.insert(source->origin());
    }
    command->origins.assign(origins.begin(), origins.end());
    replicate(*command, options);
  });
}

}  // namespace ledger::cli
