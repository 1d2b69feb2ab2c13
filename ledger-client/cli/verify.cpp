#include "ledger-client/store/verify.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "ledger-client/cli/commands.h"
#include "ledger-client/cli/live.h"
#include "ledger-client/cli/print.h"
#include "ledger-client/cli/states.h"
#include "ledger-client/core/entry.h"
#include "ledger-client/store/tiles.h"

namespace ledger::cli {
namespace {

struct VerifyCommand {
  std::string origin;
  bool all = false;
  bool tree_only = false;
  bool allow_void = false;
  double seconds = 0;
};

const char* name_of(LogFault::Kind kind) {
  switch (kind) {
    case LogFault::Kind::kEntry:
      return "entry";
    case LogFault::Kind::kNode:
      return "node";
    case LogFault::Kind::kCheckpoint:
      return "checkpoint";
    case LogFault::Kind::kNothing:
      return "nothing";
  }
  return "";
}

struct Verdict {
  VerifyReport report;
  LogStates states;
  bool quorum = true;
  bool good = false;

  bool nothing_held() const { return report.fault && report.fault->kind == LogFault::Kind::kNothing; }
};

// Why a log of an origin that nobody vouches for isn't just a stranger's: a database says its origin twice.
std::optional<LogFault> damage_of_unknown(const LogSource& log, std::string& origin) {
  try {
    const auto line = log.line(0);
    const auto first = line ? parse_entry(*line) : Result<Entry>(Problem{});
    if (!first || first->origin == origin) return std::nullopt;
    origin = first->origin;
    return LogFault{LogFault::Kind::kEntry, 0, "what is stored as the log's origin is not the entry's"};
  } catch (const DamagedLog& damage) {
    return LogFault{LogFault::Kind::kEntry, 0, damage.what()};
  }
}

Verdict judge(const LogSource& log, const Trust& trust, const VerifyCommand& command) {
  Verdict verdict;
  verdict.report.origin = log.origin();
  if (!trust.knows(log.origin())) verdict.report.fault = damage_of_unknown(log, verdict.report.origin);
  if (verdict.report.fault) return verdict;
  const auto& keys = trust.keys_of(log.origin());
  VerifyOptions how;
  how.chain = !command.tree_only;
  how.second_thread = true;
  how.progress = progress_bar(log.origin());
  verdict.report = verify_log(log, keys, how);
  if (!verdict.report.fault) {
    verdict.states = states_of(log, trust);
    const auto note = log.newest_checkpoint_note();
    const auto newest = note ? open_checkpoint_of(*note, log.origin(), keys, trust.witnesses())
                             : Result<SignedCheckpoint>(Problem{});
    if (newest) verdict.quorum = trust.quorum_met(newest->cosigners);
  }
  const bool verified =
      !verdict.report.fault && verdict.quorum && (verdict.report.void_count == 0 || command.allow_void);
  // Among all logs, one that has just begun to be kept is no alarm; who names one wants to know of that one.
  verdict.good = verified || (verdict.nothing_held() && command.origin.empty());
  return verdict;
}

nlohmann::json to_json(const Verdict& verdict) {
  const auto& report = verdict.report;
  nlohmann::json json{{"origin", report.origin},
                      {"good", verdict.good},
                      {"nothing_held", verdict.nothing_held()},
                      {"entries", report.entries},
                      {"checkpoints", report.checkpoints},
                      {"unknown_types", report.unknown_types},
                      {"witnesses", verdict.states.cosigners.size()},
                      {"cosigners", nlohmann::json::array()},
                      {"witnessed_size", verdict.states.witnessed_size},
                      {"quorum", verdict.quorum},
                      {"void_count", report.void_count},
                      {"void", nlohmann::json::array()}};
  for (const auto& entry : report.void_entries) {
    json["void"].push_back({{"index", entry.index}, {"type", entry.type}, {"reason", entry.reason}});
  }
  for (const auto& signer : verdict.states.cosigners) {
    json["cosigners"].push_back({{"name", signer.key.name}, {"timestamp", signer.timestamp}});
  }
  if (report.beyond) json["target_size"] = report.beyond->size;
  if (report.checkpoint) {
    json["size"] = report.checkpoint->size;
    json["root"] = to_hex(report.checkpoint->root);
  }
  if (verdict.nothing_held()) {
    json["reason"] = report.fault->reason;
  } else if (report.fault) {
    json["first_bad_index"] = report.fault->index;
    json["bad"] = name_of(report.fault->kind);
    json["reason"] = report.fault->reason;
  } else if (report.void_count > 0) {
    json["first_void_index"] = report.void_entries.front().index;
  }
  return json;
}

void print(const Verdict& verdict, std::ostream& out) {
  const auto& report = verdict.report;
  out << report.origin << ": ";
  if (verdict.nothing_held()) {
    out << report.fault->reason << '\n';
    return;
  }
  if (report.fault) {
    out << "BAD, first bad index " << report.fault->index << " (" << name_of(report.fault->kind)
        << "): " << report.fault->reason << '\n';
    return;
  }
  out << (verdict.good ? "good" : "NOT GOOD") << ", " << report.entries
      << (report.entries == 1 ? " entry" : " entries");
  if (report.checkpoint) out << ", root " << to_hex(report.checkpoint->root);
  out << ", " << report.checkpoints << (report.checkpoints == 1 ? " checkpoint" : " checkpoints");
  out << ", " << witnesses_for_people(verdict.states.cosigners);
  if (verdict.states.witnessed_size > 0) out << ", witnessed up to " << verdict.states.witnessed_size;
  if (report.unknown_types > 0) out << ", " << report.unknown_types << " of unknown type";
  out << '\n';
  if (report.beyond) {
    out << "  a copy on its way to " << report.beyond->size << " entries, vouched for by that checkpoint\n";
  }
  if (!verdict.quorum) out << "  the newest checkpoint lacks the policy's quorum of witnesses\n";
  for (const auto& entry : report.void_entries) {
    out << "  entry " << entry.index << " (" << entry.type << ") is void: " << entry.reason << '\n';
  }
}

void verify_stored(const VerifyCommand& command, Options& options) {
  const auto trust = Trust::load(options.trust);
  std::vector<std::unique_ptr<LogSource>> logs;
  if (command.origin.empty()) {
    logs = open_all_logs(options, Damaged::kStandIn);
  } else {
    logs.push_back(open_log(options, command.origin, Damaged::kStandIn));
  }
  auto json = nlohmann::json::array();
  for (const auto& log : logs) {
    const auto verdict = judge(*log, trust, command);
    if (!verdict.good) options.status = verdict.nothing_held() ? kNotFound : kBad;
    if (options.json) {
      json.push_back(to_json(verdict));
    } else {
      print(verdict, *options.out);
    }
  }
  if (options.json)
    *options.out << nlohmann::json{{"good", options.status == kGood}, {"logs", json}}.dump(2) << '\n';
}

}  // namespace

void add_verify(CLI::App& program, Options& options) {
  auto command = std::make_shared<VerifyCommand>();
  auto* app = program.add_subcommand(
      "verify", "Check chain, tree, signatures and the rules of entries; name the first bad index");
  auto* origin =
      app->add_option("ORIGIN", command->origin,
                      "Log to check: an address, its topic form or an origin (default: all there are)");
  app->add_flag("--all", command->all, "Every log of the source")->excludes(origin);
  app->add_flag("--tree", command->tree_only, "Only tree and signatures: for logs of other systems");
  app->add_flag("--allow-void", command->allow_void,
                "Void entries are listed, but are no reason for exit status 1");
  app->add_option("--for", command->seconds,
                  "With --broker: stop after so many seconds (default: on Ctrl-C)");
  add_source_options(*app, options, true);
  add_trust_options(*app, options);
  add_json_option(*app, options);
  app->footer(
      "On a broker the logs are verified from now on, until Ctrl-C.\n\nExamples:\n  ehr-ledger verify --all\n"
      "  ehr-ledger verify 10.20.0.5 --dir export --vkey ehr/10-20-0-5+1a2b3c4d+AaBb…\n"
      "  ehr-ledger verify --broker mqtts://broker.example --ca ca.pem --user monitor --password-file pw "
      "--for 60");
  app->callback([command, &options] {
    if (options.broker.url.empty()) {
      verify_stored(*command, options);
    } else {
      verify_live({full_origin(command->origin), command->seconds, 0, 0}, options);
    }
  });
}

}  // namespace ledger::cli
