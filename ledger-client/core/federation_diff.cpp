#include "ledger-client/core/federation_diff.h"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "ledger-client/core/base64.h"
#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/federation_names.h"

namespace ledger {

namespace {

using Kind = FederationChange::Kind;

std::string roles_text(const Member& member) {
  std::vector<std::string> roles = member.roles;
  std::sort(roles.begin(), roles.end());
  std::string text;
  for (const std::string& role : roles) text += (text.empty() ? "" : ", ") + role;
  return text.empty() ? "none" : text;
}

std::string cutoff_text(const std::optional<Cutoff>& cutoff) {
  if (!cutoff) return {};
  std::string text = "what " + cutoff->origin + " holds below " + std::to_string(cutoff->size) +
                     " stays valid (root " + to_hex(cutoff->root) + ")";
  if (cutoff->suspect_from) text += ", suspect from " + std::to_string(*cutoff->suspect_from);
  return text;
}

std::string key_text(const MemberKey& key) {
  return std::string{use_text(key.use)} + " " + key.public_text + " from " + format_time(key.from) +
         (key.to ? " to " + format_time(*key.to) : "") +
         (key.revocation ? ", revoked: " + cutoff_text(key.revocation) : "");
}

class Comparison {
 public:
  std::vector<FederationChange> take() {
    changes_.insert(changes_.end(), warnings_.begin(), warnings_.end());
    return std::move(changes_);
  }

  void values(const std::string& subject, const std::string& field, const std::string& before,
              const std::string& after) {
    const Kind kind = before.empty() ? Kind::kAdded : Kind::kChanged;
    if (before != after) changes_.push_back({kind, subject, field, before, after});
  }
  void warn(const std::string& subject, const std::string& sentence) {
    warnings_.push_back({Kind::kWarning, subject, {}, {}, sentence});
  }

  // Things with a name on both sides: what came, went, or says something else.
  void named(const std::string& subject, const std::string& what,
             const std::map<std::string, std::string>& before,
             const std::map<std::string, std::string>& after) {
    for (const auto& [name, text] : before) {
      const auto found = after.find(name);
      const auto place = label(subject, what + name);
      if (found == after.end())
        changes_.push_back({Kind::kRemoved, place.first, place.second, text, {}});
      else
        values(place.first, place.second, text, found->second);
    }
    for (const auto& [name, text] : after) {
      const auto place = label(subject, what + name);
      if (!before.contains(name)) changes_.push_back({Kind::kAdded, place.first, place.second, {}, text});
    }
  }

  void member(const Member* before, const Member* after) {
    const std::string subject = "member " + (after ? after : before)->address.text();
    if (after == nullptr) {
      changes_.push_back({Kind::kRemoved, subject, {}, before->name, {}});
      warn(subject, "leaves the document: what it signed can no longer be verified; revoke it instead");
      return;
    }
    if (before == nullptr) {
      changes_.push_back({Kind::kAdded, subject, {}, {}, after->name});
      values(subject, "status", {}, std::string{status_text(after->status)});
      values(subject, "roles", {}, roles_text(*after));
    } else {
      values(subject, "name", before->name, after->name);
      values(subject, "status", std::string{status_text(before->status)},
             std::string{status_text(after->status)});
      values(subject, "roles", roles_text(*before), roles_text(*after));
    }
    values(subject, "revocation", before ? cutoff_text(before->revocation) : "",
           cutoff_text(after->revocation));
    if (after->status == MemberStatus::kRevoked && !after->revocation &&
        (before == nullptr || before->status != MemberStatus::kRevoked || before->revocation))
      warn(subject,
           "is revoked without a cutoff: what it anchors from now on counts like what it anchored before");
    if (before != nullptr && before->status == MemberStatus::kRevoked &&
        after->status != MemberStatus::kRevoked)
      warn(subject,
           "was revoked: what was refused since then counts again, and whoever has its keys is a member");
    const auto old_keys = keys_of(before), new_keys = keys_of(after);
    named(subject, "key ", old_keys, new_keys);
    warn_about_keys(subject, before, *after);
    warn_about_name(subject, before, *after);
  }

  // Members of the version after, by what their names look like.
  void look_alikes(const Federation& after) {
    std::map<std::string, std::string> seen;
    for (const Member& member : after.members) {
      const auto [first, added] = seen.try_emplace(look_of(member.name), member.address.text());
      if (!added)
        warn("member " + member.address.text(), "its name looks like the name of member " + first->second);
    }
  }

 private:
  static std::pair<std::string, std::string> label(const std::string& subject, const std::string& name) {
    return subject.empty() ? std::pair{name, std::string{}} : std::pair{subject, name};
  }
  static std::map<std::string, std::string> keys_of(const Member* member) {
    std::map<std::string, std::string> keys;
    if (member == nullptr) return keys;
    for (const MemberKey& key : member->keys) keys.emplace(key.id, key_text(key));
    return keys;
  }

  void warn_about_keys(const std::string& subject, const Member* before, const Member& after) {
    if (before == nullptr) return;
    for (const MemberKey& old : before->keys) {
      const auto now = std::find_if(after.keys.begin(), after.keys.end(),
                                    [&](const MemberKey& key) { return key.id == old.id; });
      if (now == after.keys.end())
        warn(subject, "key " + old.id + " is gone: what it signed can no longer be verified; end it instead");
      else if (now->public_text != old.public_text)
        warn(subject, "key " + old.id + " is another key under the same id");
    }
  }

  void warn_about_name(const std::string& subject, const Member* before, const Member& after) {
    if (before != nullptr && before->name == after.name) return;
    if (mixes_scripts(after.name)) warn(subject, "its name mixes letters of several scripts");
  }

  std::vector<FederationChange> changes_, warnings_;
};

std::map<std::string, std::string> admins_of(const Federation* federation) {
  std::map<std::string, std::string> admins;
  if (federation == nullptr) return admins;
  for (const Admin& admin : federation->admins) admins.emplace(admin.id, base64url_encode(admin.key.bytes));
  return admins;
}

std::map<Address, const Member*> members_of(const Federation* federation) {
  std::map<Address, const Member*> members;
  if (federation == nullptr) return members;
  for (const Member& member : federation->members) members.emplace(member.address, &member);
  return members;
}

std::string number(const Federation* federation, std::uint64_t Federation::*field) {
  return federation ? std::to_string(federation->*field) : std::string{};
}

constexpr std::array<std::string_view, 4> kSigns{"+", "-", "~", "!"};
constexpr std::array<const char*, 4> kWords{"added", "removed", "changed", "warning"};

}  // namespace

std::vector<FederationChange> diff_federations(const Federation* before, const Federation& after) {
  Comparison comparison;
  comparison.values("version", {}, number(before, &Federation::version), std::to_string(after.version));
  comparison.values("threshold", {}, number(before, &Federation::threshold), std::to_string(after.threshold));
  comparison.values("witness_quorum", {}, number(before, &Federation::witness_quorum),
                    std::to_string(after.witness_quorum));
  comparison.values("ca_spki_sha256", {}, before ? before->ca_spki_sha256 : "", after.ca_spki_sha256);
  comparison.named({}, "admin ", admins_of(before), admins_of(&after));
  const auto old_members = members_of(before), new_members = members_of(&after);
  for (const auto& [address, member] : old_members) {
    if (!new_members.contains(address)) comparison.member(member, nullptr);
  }
  for (const auto& [address, member] : new_members) {
    const auto old = old_members.find(address);
    comparison.member(old == old_members.end() ? nullptr : old->second, member);
  }
  const auto witnesses = after.witness_keys().size();
  if (after.witness_quorum > witnesses)
    comparison.warn("witness_quorum", "is more than there are active witnesses");
  else if (after.witness_quorum == witnesses && witnesses > 0)
    comparison.warn("witness_quorum", "can't be reached for the logs of the witnesses: none cosigns its own");
  comparison.look_alikes(after);
  return comparison.take();
}

std::string changes_text(const std::vector<FederationChange>& changes) {
  std::string text;
  for (const FederationChange& change : changes) {
    text.append(kSigns.at(static_cast<std::size_t>(change.kind))).append(" ").append(change.subject);
    if (!change.field.empty()) text.append(" ").append(change.field);
    if (!change.before.empty() || !change.after.empty()) text += ": ";
    if (change.kind == Kind::kChanged && !change.before.empty())
      text.append(change.before).append(" -> ").append(change.after.empty() ? "none" : change.after);
    else
      text.append(change.after.empty() ? change.before : change.after);
    text += '\n';
  }
  return text;
}

std::string changes_json(const std::vector<FederationChange>& changes) {
  nlohmann::json list = nlohmann::json::array();
  for (const FederationChange& change : changes) {
    nlohmann::json item{{"change", kWords.at(static_cast<std::size_t>(change.kind))},
                        {"subject", change.subject}};
    for (const auto& [name, text] :
         {std::pair{"field", &change.field}, {"before", &change.before}, {"after", &change.after}}) {
      if (!text->empty()) item[name] = *text;
    }
    list.push_back(std::move(item));
  }
  return canonical_json(list);
}

}  // namespace ledger
