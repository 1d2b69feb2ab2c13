#include "ledger-client/cli/policy.h"

#include <algorithm>
#include <charconv>

namespace ledger::cli {
namespace {

std::vector<std::string> words(std::string_view line) {
  std::vector<std::string> found;
  while (true) {
    const auto start = line.find_first_not_of(" \t");
    if (start == std::string_view::npos) return found;
    line.remove_prefix(start);
    const auto end = std::min(line.find_first_of(" \t"), line.size());
    found.emplace_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

// Reads line by line; a name must be defined before it is used, and is a member of at most one group.
class PolicyReader {
 public:
  Result<Policy> read(std::string_view text) {
    std::size_t number = 0;
    while (!text.empty()) {
      const auto end = std::min(text.find('\n'), text.size());
      const auto line = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      ++number;
      if (auto wrong = take(line); !wrong.empty())
        return Problem{"line " + std::to_string(number) + ": " + wrong};
    }
    if (policy_.quorum.empty()) return Problem{"there is no quorum line"};
    return std::move(policy_);
  }

 private:
  std::string take(std::string_view line) {
    const auto control = [](unsigned char c) { return c < 0x20 && c != '\t'; };
    if (std::any_of(line.begin(), line.end(), control)) return "it holds a control character";
    const auto fields = words(line);
    if (fields.empty() || fields[0].starts_with('#')) return {};
    if (fields[0] == "log") return take_log(fields);
    if (fields[0] == "witness") return take_witness(fields);
    if (fields[0] == "group") return take_group(fields);
    if (fields[0] == "quorum") return take_quorum(fields);
    return "it begins with none of log, witness, group, quorum";
  }

  std::string take_log(const std::vector<std::string>& fields) {
    if (fields.size() < 2 || fields.size() > 3) return "expected: log <vkey> [<url>]";
    const auto key = NoteKey::from_vkey(fields[1]);
    if (!key) return key.error().reason;
    policy_.logs.push_back(*key);
    return {};
  }

  std::string take_witness(const std::vector<std::string>& fields) {
    if (fields.size() < 3 || fields.size() > 4) return "expected: witness <name> <vkey> [<url>]";
    if (fields[1] == "none" || known(fields[1])) return "the name is taken";
    const auto key = NoteKey::from_vkey(fields[2]);
    if (!key) return key.error().reason;
    policy_.witnesses.emplace(fields[1], *key);
    return {};
  }

  std::string take_group(const std::vector<std::string>& fields) {
    if (fields.size() < 4) return "expected: group <name> <number|any|all> <member>…";
    if (fields[1] == "none" || known(fields[1])) return "the name is taken";
    Policy::Group group{0, {fields.begin() + 3, fields.end()}};
    for (const auto& member : group.members) {
      if (!known(member)) return "a member is not defined above";
      if (!grouped_.insert(member).second) return "a member is in a group already";
    }
    if (fields[2] == "any") group.needed = 1;
    if (fields[2] == "all") group.needed = group.members.size();
    const auto end = fields[2].data() + fields[2].size();
    if (group.needed == 0 && std::from_chars(fields[2].data(), end, group.needed).ptr != end)
      return "how many?";
    if (group.needed == 0 || group.needed > group.members.size())
      return "the number does not fit the members";
    policy_.groups.emplace(fields[1], std::move(group));
    return {};
  }

  std::string take_quorum(const std::vector<std::string>& fields) {
    if (fields.size() != 2) return "expected: quorum <name|none>";
    if (!policy_.quorum.empty()) return "there is a quorum line already";
    if (fields[1] != "none" && !known(fields[1])) return "the name is not defined above";
    policy_.quorum = fields[1];
    return {};
  }

  bool known(const std::string& name) const {
    return policy_.witnesses.contains(name) || policy_.groups.contains(name);
  }

  Policy policy_;
  std::set<std::string> grouped_;
};

bool satisfied(const Policy& policy, const std::string& name, std::span<const NoteSigner> cosigners) {
  if (const auto witness = policy.witnesses.find(name); witness != policy.witnesses.end()) {
    const auto is_it = [&](const NoteSigner& signer) {
      return signer.key.name == witness->second.name && signer.key.key == witness->second.key;
    };
    return std::any_of(cosigners.begin(), cosigners.end(), is_it);
  }
  const auto& group = policy.groups.at(name);
  const auto have = std::count_if(group.members.begin(), group.members.end(),
                                  [&](const auto& member) { return satisfied(policy, member, cosigners); });
  return static_cast<std::size_t>(have) >= group.needed;
}

}  // namespace

bool Policy::quorum_met(std::span<const NoteSigner> cosigners) const {
  return quorum == "none" || satisfied(*this, quorum, cosigners);
}

Result<Policy> parse_policy(std::string_view text) {
  return PolicyReader().read(text);
}

}  // namespace ledger::cli
