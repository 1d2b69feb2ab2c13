#include <toml++/toml.h>
#include <algorithm>
#include <map>
#include <set>

#include "agent/config/checks.h"
#include "agent/config/config.h"
#include "agent/config/keys.h"
#include "agent/core/fhir/section_names.h"
#include "ledger-client/core/federation_names.h"

namespace edge {
namespace {

using config_detail::Context;
using config_detail::Key;
using config_detail::Value;

Value value_of(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* integer = node.as_integer()) return integer->get();
  if (const auto* real = node.as_floating_point()) return real->get();
  if (const auto* flag = node.as_boolean()) return flag->get();
  return config_detail::OtherType{};
}

unsigned line_of(const toml::node& node) {
  return node.source().begin.line;
}
unsigned line_of(const toml::key& key) {
  return key.source().begin.line;
}

// Walks the file along the tables of keys and notes every problem.
class Reader {
 public:
  explicit Reader(const fs::path& base) : context_{base} {}

  void read(const toml::table& file) {
    for (const auto& [name, node] : file) {
      const std::string table(name.str());
      if (table == "group")
        each_table("group", node,
                   [&](const std::string& at, const toml::table& group) { read_group(at, group); });
      else if (table == "section")
        each_table("section", node,
                   [&](const std::string& at, const toml::table& rule) { read_section(at, rule); });
      else if (table == "approver")
        each_table("approver", node,
                   [&](const std::string& at, const toml::table& one) { read_approver(at, one); });
      else if (is_table(table))
        read_table(table, name, node);
      else
        problem(line_of(name), table, "unknown key" + meant(table, table_names()));
    }
    check_whole();
  }

  Config config;
  std::vector<ConfigProblem> problems;

 private:
  void problem(unsigned line, std::string key, std::string what) {
    problems.push_back({line, std::move(key), std::move(what)});
  }

  static std::string meant(const std::string& wrong, const std::vector<std::string>& candidates) {
    const std::string best = config_detail::closest(wrong, candidates);
    return best.empty() ? "" : "; did you mean `" + best + "`?";
  }

  static std::vector<std::string> table_names() {
    std::vector<std::string> out{"approver", "group", "section"};
    for (const auto& key : config_detail::keys()) {
      const std::string table = key.name.substr(0, key.name.find('.'));
      if (out.back() != table) out.push_back(table);
    }
    return out;
  }
  static bool is_table(const std::string& name) {
    const auto names = table_names();
    return std::find(names.begin(), names.end(), name) != names.end();
  }

  // A key of this table that is spelt alike, else one of that very name in another table.
  static std::string hint_for(const std::string& table, const std::string& name) {
    std::vector<std::string> here;
    for (const auto& key : config_detail::keys())
      if (key.name.starts_with(table + ".")) here.push_back(key.name);
    if (auto hint = meant(table + "." + name, here); !hint.empty()) return hint;
    for (const auto& key : config_detail::keys())
      if (key.name.ends_with("." + name)) return "; did you mean `" + key.name + "`?";
    return "";
  }

  void read_table(const std::string& table, const toml::key& at, const toml::node& node) {
    const auto* members = node.as_table();
    if (!members) return problem(line_of(at), table, "must be a table: [" + table + "]");
    for (const auto& [name, value] : *members) {
      const std::string dotted = table + "." + std::string(name.str());
      const auto& all = config_detail::keys();
      const auto key =
          std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == dotted; });
      if (key == all.end()) {
        problem(line_of(name), dotted, "unknown key" + hint_for(table, std::string(name.str())));
        continue;
      }
      given_.insert(dotted);
      lines_[dotted] = line_of(value);
      if (auto wrong = key->set(config, value_of(value), context_)) problem(line_of(value), dotted, *wrong);
    }
  }

  template <class Read>
  void each_table(const std::string& name, const toml::node& node, Read read_one) {
    const auto* list = node.as_array();
    if (!list) return problem(line_of(node), name, "must be a list of tables: [[" + name + "]]");
    for (std::size_t i = 0; i < list->size(); ++i) {
      const std::string at = name + "[" + std::to_string(i) + "]";
      if (const auto* rule = (*list)[i].as_table())
        read_one(at, *rule);
      else
        problem(line_of((*list)[i]), at, "must be a table");
    }
  }

  void read_group(const std::string& at, const toml::table& members) {
    PeerGroup group;
    const auto before = problems.size();
    for (const auto& [name, value] : members) {
      const std::string key = at + "." + std::string(name.str());
      if (name == "name") {
        if (auto wrong = config_detail::set_group_name(group, value_of(value)))
          problem(line_of(value), key, *wrong);
      } else if (name == "peers") {
        read_peers(key, value, group);
      } else {
        problem(line_of(name), key, "unknown key" + meant(std::string(name.str()), {"name", "peers"}));
      }
    }
    if (!members.contains("name")) problem(line_of(members), at + ".name", "is missing");
    if (!members.contains("peers")) problem(line_of(members), at + ".peers", "is missing");
    if (problems.size() != before) return;
    for (const auto& other : config.groups)
      if (other.name == group.name)
        return problem(line_of(members), at + ".name", "names a group a second time");
    config.groups.push_back(std::move(group));
  }

  void read_peers(const std::string& key, const toml::node& node, PeerGroup& group) {
    const auto* list = node.as_array();
    if (!list || list->empty())
      return problem(line_of(node), key, R"(must be a list with at least one address, as ["10.20.0.6"])");
    for (const auto& one : *list)
      if (auto wrong = config_detail::add_group_peer(group, value_of(one)))
        problem(line_of(one), key, *wrong);
  }

  // The members of a table of a list, by its table of keys.
  template <class Target>
  void read_members(const std::string& at, const toml::table& members, const std::vector<Key<Target>>& keys,
                    Target& target) {
    std::vector<std::string> names;
    names.reserve(keys.size());
    for (const auto& key : keys) names.push_back(key.name);
    for (const auto& [name, value] : members) {
      const std::string dotted = at + "." + std::string(name.str());
      const auto key = std::find_if(keys.begin(), keys.end(),
                                    [text = name.str()](const auto& one) { return text == one.name; });
      if (key == keys.end())
        problem(line_of(name), dotted, "unknown key" + meant(std::string(name.str()), names));
      else if (auto wrong = key->set(target, value_of(value), context_))
        problem(line_of(value), dotted, *wrong);
    }
  }

  void read_section(const std::string& at, const toml::table& members) {
    fhir::SectionRule rule;
    const auto before = problems.size();
    read_members(at, members, config_detail::section_keys(), rule);
    if (!members.contains("name")) problem(line_of(members), at + ".name", "is missing");
    if (problems.size() != before) return;
    for (const auto& other : config.sections)
      if (other.section == rule.section)
        return problem(line_of(members), at + ".name", "names a section a second time");
    config.sections.push_back(rule);
  }

  void read_approver(const std::string& at, const toml::table& members) {
    ledger::Approver approver;
    const auto before = problems.size();
    read_members(at, members, config_detail::approver_keys(), approver);
    for (const char* name : {"id", "key"})
      if (!members.contains(name)) problem(line_of(members), at + "." + name, "is missing");
    if (problems.size() != before) return;
    for (const auto& other : config.approval.approvers) {
      if (ledger::look_of(other.id) == ledger::look_of(approver.id))
        problem(line_of(members), at + ".id",
                other.id == approver.id ? "names an approver a second time"
                                        : "can be taken for another approver, `" + other.id + "`");
      if (other.key == approver.key)
        problem(line_of(members), at + ".key", "is another approver's, `" + other.id + "`");
    }
    config.approval.approvers.push_back(std::move(approver));
  }

  // Nothing may ask for more approvers than there are.
  void check_approval() {
    const auto& approval = config.approval;
    const auto able =
        static_cast<std::uint64_t>(std::count_if(approval.approvers.begin(), approval.approvers.end(),
                                                 [](const auto& one) { return !one.revoked_from; }));
    if (approval.approvers.size() > ledger::kMaxApprovers)
      problem(0, "approver", "there are more than " + std::to_string(ledger::kMaxApprovers));
    for (const auto& [key, needs] : {std::pair{"approval.keys", approval.keys},
                                     {"approval.break_glass", approval.break_glass},
                                     {"approval.federation", approval.federation}}) {
      if (needs > able)
        problem(
            lines_[key], key,
            "needs more approvers than [[approver]] lists and revoked_from leaves, " + std::to_string(able));
    }
  }

  // Defaults that follow from other keys, and rules across keys.
  void check_whole() {
    if (!given_.contains("agent.address"))
      problem(0, "agent.address", "is missing: the IP address peers know this agent by");
    const auto derive = [](fs::path& path, const fs::path& from) {
      if (path.empty()) path = from;
    };
    derive(config.mqtt.ca, config.keys.dir / "ca.crt");
    derive(config.mqtt.cert, config.keys.dir / "tls.crt");
    derive(config.mqtt.key, config.keys.dir / "tls.key");
    derive(config.his.database, config.agent.state_dir / "his.db");
    check_approval();
    if (config.transfer.retry_first > config.transfer.retry_max)
      problem(lines_["transfer.retry_first"], "transfer.retry_first",
              "must not be longer than transfer.retry_max");
    if (config.limits.bundle_bytes > config.limits.spool_bytes)
      problem(lines_["limits.bundle_bytes"], "limits.bundle_bytes",
              "must not be larger than limits.spool_bytes");
    // A backup of the state that also brought back the guard would hide its own rollback.
    const auto relative = config.ledger.guard.lexically_relative(config.agent.state_dir);
    if (!relative.empty() && *relative.begin() != "..")
      problem(lines_["ledger.guard"], "ledger.guard",
              "must be outside agent.state_dir, or a restored backup restores it too");
  }

  Context context_;
  std::set<std::string> given_;
  std::map<std::string, unsigned> lines_;
};

}  // namespace

ledger::Result<Config, std::vector<ConfigProblem>> parse_config(std::string_view toml, const fs::path& base) {
  Reader reader(base);
  try {
    reader.read(toml::parse(toml));
  } catch (const toml::parse_error& error) {
    return std::vector<ConfigProblem>{{error.source().begin.line, "", std::string(error.description())}};
  }
  std::stable_sort(reader.problems.begin(), reader.problems.end(),
                   [](const auto& a, const auto& b) { return a.line < b.line; });
  if (!reader.problems.empty()) return std::move(reader.problems);
  return std::move(reader.config);
}

std::vector<fhir::SectionRule> merged_rules(std::vector<fhir::SectionRule> defaults, const Config& config) {
  for (const auto& own : config.sections) {
    const auto same = std::find_if(defaults.begin(), defaults.end(),
                                   [&](const auto& rule) { return rule.section == own.section; });
    if (same == defaults.end())
      defaults.push_back(own);
    else
      *same = own;
  }
  return defaults;
}

}  // namespace edge
