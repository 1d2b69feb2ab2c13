#include <nlohmann/json.hpp>

#include "ledger-client/cli/proof_check.h"
#include "ledger-client/core/alert.h"
#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/entry_rules.h"

namespace ledger::cli {
namespace {

// Where the proof was found, as a person says it; nothing about that place is verified.
struct Found {
  Equivocation proof;
  std::string where;
};

Result<Found> in_entry(const std::string& canonical) {
  const auto entry = parse_entry(canonical);
  if (!entry) return entry.error();
  auto proof = decode_equivocation(*entry);
  if (!proof) return proof.error();
  return Found{std::move(*proof), "entry " + std::to_string(entry->index) + " of " + entry->origin};
}

Result<Found> in_alert(const std::string& canonical) {
  auto alert = parse_alert(canonical);
  if (!alert) return alert.error();
  if (!alert->evidence) return Problem{"an alert that carries no evidence"};
  return Found{std::move(*alert->evidence), "an alert of " + format_time(alert->time)};
}

Result<Found> find_proof(const std::string& content) {
  const auto canonical = canonicalize(content);
  if (!canonical) return canonical.error();
  const auto document = nlohmann::json::parse(*canonical);
  if (document.contains("body")) return in_entry(*canonical);
  if (document.contains("code")) return in_alert(*canonical);
  auto proof = parse_equivocation(*canonical);
  if (!proof) return proof.error();
  return Found{std::move(*proof), ""};
}

std::string tree_for_people(const Checkpoint& checkpoint) {
  return "  size " + std::to_string(checkpoint.size) + ", root " + to_hex(checkpoint.root) + '\n';
}

nlohmann::json tree_as_json(const Checkpoint& checkpoint) {
  return {{"size", checkpoint.size}, {"root", to_hex(checkpoint.root)}};
}

Checked proven(const Conviction& conviction, const Equivocation& proof, nlohmann::json json) {
  Checked checked;
  checked.proven = true;
  checked.for_people = "PROVEN: " + conviction.origin + " has signed two histories\n" +
                       tree_for_people(conviction.first) + tree_for_people(conviction.second);
  json["first"] = tree_as_json(conviction.first);
  json["second"] = tree_as_json(conviction.second);
  if (proof.prefix_root) {
    const std::string prefix = to_hex(*proof.prefix_root);
    checked.for_people += "  and in the second tree the first " + std::to_string(conviction.first.size) +
                          " entries have the root " + prefix + '\n';
    json["prefix_root"] = prefix;
  }
  checked.json = json.dump(2);
  return checked;
}

}  // namespace

Checked check_two_histories(const std::string& file, const std::string& content, const Trust& trust) {
  const auto found = find_proof(content);
  if (!found) throw UserError(kMalformed, file + " is no proof of two histories: " + found.error().reason);
  const std::string origin = accused_origin(found->proof);
  const auto conviction = check_equivocation(found->proof, trust.keys_of(origin));
  nlohmann::json json{{"kind", "equivocation"}, {"good", conviction.ok()}, {"origin", origin}};
  if (!found->where.empty()) json["found_in"] = found->where;
  if (conviction) return proven(*conviction, found->proof, std::move(json));
  json["reason"] = conviction.error().reason;
  return {false, "NOT PROVEN: " + origin + ": " + conviction.error().reason + '\n', json.dump(2)};
}

}  // namespace ledger::cli
