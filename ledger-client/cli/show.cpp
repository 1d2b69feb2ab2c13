#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "ledger-client/cli/announcement.h"
#include "ledger-client/cli/commands.h"
#include "ledger-client/cli/live.h"
#include "ledger-client/cli/print.h"
#include "ledger-client/cli/states.h"
#include "ledger-client/cli/votes.h"
#include "ledger-client/core/entry_rules.h"
#include "ledger-client/core/merkle.h"
#include "ledger-client/core/sha256.h"
#include "ledger-client/store/verify.h"

namespace ledger::cli {
namespace {

struct ShowCommand {
  std::string origin;
  std::optional<std::uint64_t> index;
  double wait_seconds = 10;
};

// Nothing without anybody to trust: then signatures can't be told from scribbling.
std::optional<LogStates> known_states(const LogSource& log, const std::optional<Trust>& trust) {
  if (!trust) return std::nullopt;
  auto states = states_of(log, *trust);
  if (states.signed_size == 0) return std::nullopt;
  return states;
}

std::string state_text(const LogStates& states, std::uint64_t index) {
  std::string text = states.of(index);
  if (!states.cosigners.empty()) text += ", " + witnesses_for_people(states.cosigners);
  return text;
}

// The pair this vote is half of. Only then is the rest of the log read.
std::optional<VoidPair> contradiction(const LogSource& log, const std::string& line) {
  const auto entry = parse_entry(line);
  if (!entry || !decode_vote(*entry)) return std::nullopt;
  for (const VoidPair& pair : void_pairs(log))
    if (pair.first == entry->index || pair.second == entry->index) return pair;
  return std::nullopt;
}

void show_entry(const LogSource& log, std::uint64_t index, Options& options) {
  const auto line = log.line(index);
  if (!line) {
    throw UserError(kNotFound, "the log " + log.origin() + " has no entry " + std::to_string(index),
                    "it has " + std::to_string(log.size()) + " entries, counted from 0");
  }
  const auto leaf = leaf_hash(as_bytes(*line));
  const auto next = sha256(*line);
  const auto trust = Trust::load_if_any(options.trust);
  const auto states = known_states(log, trust);
  const auto contradicted = contradiction(log, *line);
  const auto entry = parse_entry(*line);
  const auto announcement =
      entry ? announcement_for_people(*entry, log.origin(), trust ? &*trust : nullptr) : std::nullopt;
  if (options.json) {
    nlohmann::json json{{"entry", entry_as_json(*line)},
                        {"line", *line},
                        {"leaf_hash", to_hex(leaf)},
                        {"sha256", to_hex(next)}};
    if (states) json["state"] = states->of(index);
    if (contradicted) json["void"] = void_pair_for_people(*contradicted);
    if (announcement) json["announcement"] = *announcement;
    *options.out << json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
    return;
  }
  *options.out << entry_for_people(*line) << "\n\n";
  if (contradicted) *options.out << void_pair_for_people(*contradicted) << "\n\n";
  *options.out << entry_as_json(*line).dump(2, ' ', false, nlohmann::json::error_handler_t::replace)
               << "\n\nSHA-256 (the next entry's prev)  " << to_hex(next)
               << "\nleaf hash                        " << to_hex(leaf) << '\n';
  if (announcement) *options.out << "announcement                     " << *announcement << '\n';
  if (states) *options.out << "state                            " << state_text(*states, index) << '\n';
}

void show_log(const LogSource& log, Options& options) {
  const auto note = log.newest_checkpoint_note();
  const auto states = known_states(log, Trust::load_if_any(options.trust));
  if (options.json) {
    auto entries = nlohmann::json::array(), contradictions = nlohmann::json::array();
    VoidPairs pairs;
    log.for_each_entry(0, log.size(), [&](const StoredEntry& entry) {
      pairs.take(entry.line);
      entries.push_back(entry_as_json(entry.line));
      return true;
    });
    nlohmann::json json{{"origin", log.origin()},
                        {"size", log.size()},
                        {"checkpoint", note.value_or("")},
                        {"entries", entries}};
    for (const VoidPair& pair : pairs.found())
      contradictions.push_back(
          {{"approver", pair.approver}, {"motion", pair.motion}, {"entries", {pair.first, pair.second}}});
    if (!contradictions.empty()) json["void_votes"] = contradictions;
    if (states) {
      json["signed_size"] = states->signed_size;
      json["witnessed_size"] = states->witnessed_size;
    }
    *options.out << json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
    return;
  }
  VoidPairs pairs;
  log.for_each_entry(0, log.size(), [&](const StoredEntry& entry) {
    pairs.take(entry.line);
    *options.out << entry_for_people(entry.line);
    if (states) *options.out << "  [" << states->of(entry.index) << ']';
    *options.out << '\n';
    return options.out->good();
  });
  for (const VoidPair& pair : pairs.found()) *options.out << '\n' << void_pair_for_people(pair) << '\n';
  if (note) *options.out << '\n' << *note;
}

}  // namespace

void add_show(CLI::App& program, Options& options) {
  auto command = std::make_shared<ShowCommand>();
  auto* app = program.add_subcommand(
      "show",
      "Show a log's entries and checkpoint, or one entry; says nothing about their truth, verify does");
  app->add_option("ORIGIN", command->origin, "Log: an address, its topic form or an origin")->required();
  app->add_option("INDEX", command->index, "Entry, counted from 0")->check(entry_index());
  app->add_option("--wait", command->wait_seconds, "With --broker: seconds to wait for the checkpoint")
      ->capture_default_str();
  add_source_options(*app, options, true);
  add_trust_options(*app, options);
  add_json_option(*app, options);
  app->footer(
      "On a broker: the log's newest checkpoint, verified.\n\nExamples:\n  ehr-ledger show 10.20.0.5\n  "
      "ehr-ledger show 10.20.0.5 41 --json");
  app->callback([command, &options] {
    if (!options.broker.url.empty()) {
      if (command->index)
        throw UserError(kUsage, "a broker keeps no entries",
                        "leave INDEX out, or read a database or an export");
      show_live({full_origin(command->origin), command->wait_seconds, 0, 0}, options);
      return;
    }
    const auto log = open_log(options, command->origin);
    command->index ? show_entry(*log, *command->index, options) : show_log(*log, options);
  });
}

}  // namespace ledger::cli
