// The keys of what a file may list: [[section]], [[approver]] and [[group]].
#include <algorithm>

#include "agent/config/checks.h"
#include "agent/config/keys.h"
#include "agent/core/consent.h"
#include "agent/core/fhir/section_names.h"
#include "ledger-client/core/federation.h"

namespace edge::config_detail {
namespace {

using Problem = std::optional<std::string>;

std::string section_choices() {
  std::string out;
  for (const auto& [section, name] : fhir::kSectionNames)
    out += (out.empty() ? "" : ", ") + std::string(name);
  return out;
}

std::vector<Key<fhir::SectionRule>> make_section_keys() {
  using Rule = fhir::SectionRule;
  auto set_name = [](Rule& rule, const Value& value, const Context&) -> Problem {
    const auto* given = std::get_if<std::string>(&value);
    const auto section = given ? fhir::section_from_name(*given) : std::nullopt;
    if (!section) return "must be one of " + section_choices();
    rule.section = *section;
    rule.required = fhir::section_is_required(*section);
    return std::nullopt;
  };
  auto set_limit = [](Rule& rule, const Value& value, const Context&) -> Problem {
    const auto* given = std::get_if<std::int64_t>(&value);
    if (!given || *given < 0 || *given > 1'000'000)
      return "must be a whole number, 0 to 1000000 (0: no limit)";
    rule.limit = static_cast<std::size_t>(*given);
    return std::nullopt;
  };
  auto set_latest = [](Rule& rule, const Value& value, const Context&) -> Problem {
    const auto* given = std::get_if<bool>(&value);
    if (!given) return "must be true or false";
    rule.latest_per_code = *given;
    return std::nullopt;
  };
  return {
      {"name", "string", section_choices() + "; required", set_name,
       [](const Rule&) { return std::string(); }},
      {"limit", "integer", "0 to 1000000; 0: no limit", set_limit,
       [](const Rule&) { return std::string("0"); }},
      {"latest_per_code", "boolean", "true or false", set_latest,
       [](const Rule&) { return std::string("false"); }},
  };
}

std::vector<Key<ledger::Approver>> make_approver_keys() {
  using ledger::Approver;
  const auto nothing = [](const Approver&) { return std::string(); };
  auto set_id = [](Approver& approver, const Value& value, const Context&) -> Problem {
    const auto* given = std::get_if<std::string>(&value);
    if (!given || !ledger::is_approver_id(*given))
      return "must be 1 to 64 lower-case letters, digits and hyphens";
    approver.id = *given;
    return std::nullopt;
  };
  auto set_key = [](Approver& approver, const Value& value, const Context&) -> Problem {
    const auto* given = std::get_if<std::string>(&value);
    const auto key = given ? ledger::parse_sign_key(*given) : std::nullopt;
    if (!key) return "must be an Ed25519 public key, as `ehr-agent federation admin-key FILE` prints it";
    approver.key = *key;
    return std::nullopt;
  };
  auto set_revoked = [](Approver& approver, const Value& value, const Context&) -> Problem {
    const auto* given = std::get_if<std::int64_t>(&value);
    if (!given || *given < 0) return "must be a whole number: the index of an entry of the own ledger";
    approver.revoked_from = static_cast<std::uint64_t>(*given);
    return std::nullopt;
  };
  return {{"id", "string", "lower-case letters, digits and hyphens; required", set_id, nothing},
          {"key", "string", "an Ed25519 public key in base64url; required", set_key, nothing},
          {"revoked_from", "index", "an index of the own ledger", set_revoked, nothing}};
}

}  // namespace

const std::vector<Key<fhir::SectionRule>>& section_keys() {
  static const auto table = make_section_keys();
  return table;
}

const std::vector<Key<ledger::Approver>>& approver_keys() {
  static const auto table = make_approver_keys();
  return table;
}

std::optional<std::string> set_group_name(PeerGroup& group, const Value& value) {
  const auto* given = std::get_if<std::string>(&value);
  if (!given || !is_group_name(*given))
    return "must be 1 to 64 lower-case letters, digits and single hyphens";
  group.name = *given;
  return std::nullopt;
}

std::optional<std::string> add_group_peer(PeerGroup& group, const Value& value) {
  const auto* given = std::get_if<std::string>(&value);
  const auto address = given ? ledger::Address::parse(*given) : std::nullopt;
  if (!address) return R"(must hold IPv4 or IPv6 addresses, as "10.20.0.6")";
  if (std::find(group.peers.begin(), group.peers.end(), *address) != group.peers.end())
    return "names " + address->text() + " twice";
  group.peers.push_back(*address);
  return std::nullopt;
}

}  // namespace edge::config_detail
