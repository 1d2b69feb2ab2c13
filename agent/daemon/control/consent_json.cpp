#include "agent/daemon/control/consent_json.h"

#include <nlohmann/json.hpp>

#include "agent/core/fhir/section_names.h"
#include "agent/core/purpose.h"

namespace edge {

using nlohmann::json;

json sections_json(SectionSet sections) {
  json out = json::array();
  for (const fhir::Section section : sections.list())
    if (section != fhir::Section::kNone) out.push_back(std::string(fhir::section_name(section)));
  return out;
}

namespace {

json names_of(const ConsentRule& rule) {
  json actors = json::array();
  for (const auto& peer : rule.peers) actors.push_back(peer.text());
  for (const auto& group : rule.groups) actors.push_back("group " + group);
  if (actors.empty()) actors.push_back("any member");
  return actors;
}

}  // namespace

json rule_json(const ConsentRule& rule) {
  json out{{"effect", rule.effect == Effect::kPermit ? "permit" : "deny"}, {"actors", names_of(rule)}};
  out["purposes"] = rule.purposes.empty() ? json::array({"any"}) : json(rule.purposes);
  out["sections"] = rule.sections == SectionSet::all() ? json::array({"all"}) : sections_json(rule.sections);
  if (rule.from) out["from"] = ledger::format_time(*rule.from);
  if (rule.to) out["to"] = ledger::format_time(*rule.to);
  return out;
}

json row_json(const ConsentRow& row) {
  static constexpr std::array kStates{"active", "revoked", "forgotten"};
  json out{{"id", row.id},
           {"state", kStates.at(static_cast<std::size_t>(row.state))},
           {"patient", row.any_patient ? "any" : "one"},
           {"rules", json::array()},
           {"source", row.source},
           {"attested", row.attested},
           {"granted", ledger::format_time(row.granted)},
           {"entry", row.granted_entry}};
  for (const auto& rule : row.rules) out["rules"].push_back(rule_json(rule));
  if (row.revoked) out["revoked"] = ledger::format_time(*row.revoked);
  if (row.revoked_entry) out["revoked_entry"] = *row.revoked_entry;
  if (!row.remark.empty()) out["remark"] = row.remark;
  return out;
}

void check_purposes(const std::vector<ConsentRule>& rules) {
  for (const ConsentRule& rule : rules)
    for (const std::string& purpose : rule.purposes) check_purpose(purpose);
}

void check_purpose(const std::string& purpose) {
  if (!find_purpose(purpose))
    throw CallError{"usage", "`" + purpose + "` is no code of HL7 PurposeOfUse",
                    "it is one of " + purpose_list()};
}

ConsentRule rule_of(const json& call) {
  ConsentRule rule;
  rule.effect = call.value("deny", false) ? Effect::kDeny : Effect::kPermit;
  for (const auto& peer : call.value("peers", json::array()))
    rule.peers.push_back(address_of(peer.get<std::string>()));
  for (const auto& group : call.value("groups", json::array()))
    rule.groups.push_back(group.get<std::string>());
  for (const auto& purpose : call.value("purposes", json::array()))
    rule.purposes.push_back(purpose.get<std::string>());
  check_purposes({rule});
  if (call.contains("sections")) rule.sections = sections_of(call.at("sections"));
  if (call.contains("from")) rule.from = time_of(call, "from");
  if (call.contains("to")) rule.to = time_of(call, "to");
  if (rule.from && rule.to && *rule.to <= *rule.from)
    throw CallError{"usage", "the period ends before it starts", ""};
  return rule;
}

}  // namespace edge
