#include "ledger-client/cli/graph.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "ledger-client/cli/commands.h"
#include "ledger-client/cli/files.h"
#include "ledger-client/cli/print.h"
#include "ledger-client/core/address.h"
#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/entry.h"
#include "ledger-client/core/entry_rules.h"

namespace ledger::cli {
namespace {

constexpr std::uint64_t kProgressStep = 8192;

// The address in `ehr/10-20-0-5` or `ehr/10-20-0-5/2`; another system's origin stays as it is.
std::string owner_of(const std::string& origin) {
  constexpr std::string_view kPrefix = "ehr/";
  if (!origin.starts_with(kPrefix)) return origin;
  const auto host = origin.substr(kPrefix.size(), origin.find('/', kPrefix.size()) - kPrefix.size());
  const auto address = Address::from_topic_form(host);
  return address ? address->text() : origin;
}

// A string of Graphviz; another system's origin may hold anything.
std::string quoted(const std::string& text) {
  std::string string = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') string += '\\';
    string += c;
  }
  return string + '"';
}

}  // namespace

void Graph::count(const std::string& owner, const EntryView& entry) {
  const std::string_view type = entry.type;
  const bool issued = type == entry_type::kBundleIssued, delivered = type == entry_type::kBundleDelivered;
  if (!issued && !delivered && type != entry_type::kBundleReceived) return;
  if (judge_entry(entry).meaning != Meaning::kEffective) return;
  const auto json = parse_json(entry.body);
  if (!json) return;
  if (issued || delivered) {
    auto& exchange = edges_[{owner, json->at("to").get<std::string>()}];
    ++(issued ? exchange.issued : exchange.delivered);
  } else {
    ++edges_[{json->at("from").get<std::string>(), owner}].received;
  }
}

void Graph::add(const LogSource& log) {
  const auto owner = owner_of(log.origin());
  const auto size = log.size();
  const auto progress = progress_bar(log.origin());
  log.for_each_entry(0, size, [&](const StoredEntry& stored) {
    if (const auto entry = scan_entry(stored.line)) count(owner, *entry);
    if (progress && stored.index % kProgressStep == 0) progress(stored.index, size);
    return true;
  });
  if (progress) progress(size, size);
}

std::string counts_for_people(const Exchange& exchange) {
  return std::to_string(exchange.issued) + " issued, " + std::to_string(exchange.delivered) + " delivered, " +
         std::to_string(exchange.received) + " received";
}

std::string Graph::to_dot() const {
  std::string dot =
      "digraph exchanges {\n  node [shape=box, fontname=\"sans-serif\"];\n"
      "  edge [fontname=\"sans-serif\", fontsize=10];\n";
  for (const auto& [edge, exchange] : edges_) {
    dot += "  " + quoted(edge.from) + " -> " + quoted(edge.to) +
           " [label=" + quoted(counts_for_people(exchange)) + "];\n";
  }
  return dot + "}\n";
}

std::string Graph::to_json() const {
  auto json = nlohmann::json::array();
  for (const auto& [edge, exchange] : edges_) {
    json.push_back({{"from", edge.from},
                    {"to", edge.to},
                    {"issued", exchange.issued},
                    {"delivered", exchange.delivered},
                    {"received", exchange.received}});
  }
  return nlohmann::json{{"exchanges", json}}.dump(2) + '\n';
}

namespace {

struct GraphCommand {
  std::vector<std::string> origins;
  std::string output = "-";
  bool svg = false;
};

void draw(const GraphCommand& command, Options& options) {
  Graph graph;
  if (command.origins.empty()) {
    for (const auto& log : open_all_logs(options)) graph.add(*log);
  } else {
    for (const auto& origin : command.origins) graph.add(*open_log(options, origin));
  }
  const auto text = options.json ? graph.to_json() : command.svg ? graph.to_svg() : graph.to_dot();
  if (command.output == "-") {
    *options.out << text;
  } else {
    write_output(command.output, text);
  }
}

}  // namespace

void add_graph(CLI::App& program, Options& options) {
  auto command = std::make_shared<GraphCommand>();
  auto* app = program.add_subcommand(
      "graph", "Draw who sent to whom, with counts; says nothing about the entries' truth, verify does");
  app->add_option("ORIGIN", command->origins, "Logs (default: every log of the source)");
  auto* svg = app->add_flag("--svg", command->svg, "A finished SVG picture instead of Graphviz dot");
  app->add_option("-o,--output", command->output, "File to write (default: standard output)");
  add_source_options(*app, options, false);
  app->add_flag("--json", options.json, "Print JSON")->excludes(svg);
  app->footer(
      "An edge counts bundles: issued and delivered by the sender's log, received by the receiver's. Only "
      "addresses are shown.\n\nExamples:\n  ehr-ledger graph --dir /srv/replicas --svg -o exchanges.svg\n"
      "  ehr-ledger graph --dir /srv/replicas | dot -Tpdf > exchanges.pdf");
  app->callback([command, &options] { draw(*command, options); });
}

}  // namespace ledger::cli
