#include "agent/core/federation_changes.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/sha256.h"

namespace edge {

namespace {

using ledger::Problem;
using nlohmann::json;

// Thrown and caught in this file: a straight line of changes, each of which may be impossible.
struct Impossible {
  std::string reason;
};

json read_object(const std::string& text, const char* what) {
  auto object = ledger::parse_json(text, {.max_bytes = 1 << 20, .max_depth = 8});
  if (!object || !object->is_object()) throw Impossible{std::string{what} + " is no JSON object"};
  // `init --json` prints the member inside.
  if (object->contains("member")) return (*object)["member"];
  return std::move(object.value());
}

json& member_of(json& payload, const std::string& address) {
  for (json& member : payload["members"]) {
    if (member["address"] == address) return member;
  }
  throw Impossible{address + " is not in the document"};
}

void join(json& payload, const std::string& text) {
  json member = read_object(text, "a member");
  const auto same = [&](const json& other) { return other["address"] == member.value("address", json()); };
  json& members = payload["members"];
  const auto found = std::find_if(members.begin(), members.end(), same);
  if (found == members.end())
    members.push_back(std::move(member));
  else
    *found = std::move(member);
}

void set_roles(json& member, const std::string& text) {
  json roles = json::array();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    roles.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  member["roles"] = std::move(roles);
}

json& key_of(json& member, const std::string& id) {
  for (json& key : member["keys"]) {
    if (key["id"] == id) return key;
  }
  throw Impossible{"the member has no key " + id};
}

void end_key(json& member, const std::string& id, ledger::TimePoint end) {
  key_of(member, id)["to"] = ledger::format_time(end);
}

json revocation_json(const ledger::Cutoff& cutoff) {
  json revocation{
      {"cutoff", {{"origin", cutoff.origin}, {"size", cutoff.size}, {"root", ledger::to_hex(cutoff.root)}}}};
  if (cutoff.suspect_from) revocation["suspect_from"] = *cutoff.suspect_from;
  return revocation;
}

void set_status(json& member, ledger::MemberStatus status) {
  member["status"] = std::string{ledger::status_text(status)};
  if (status != ledger::MemberStatus::kRevoked) member.erase("revocation");
}

// The new key, and the time up to which the old one verifies what is never anchored.
void rotate(json& member, const KeyChange& change) {
  for (const NewKey& key : change.keys) {
    member["keys"].push_back(json::parse(key_object(key.key)));
    end_key(member, key.replaces, key.until);
  }
}

void add_admin(json& payload, const FederationChanges::Of& added) {
  for (json& admin : payload["admins"]) {
    if (admin["id"] != added.first) continue;
    admin["key"] = added.second;
    return;
  }
  payload["admins"].push_back({{"id", added.first}, {"key", added.second}});
}

void remove_admin(json& payload, const std::string& id) {
  json& admins = payload["admins"];
  const auto found =
      std::find_if(admins.begin(), admins.end(), [&](const json& admin) { return admin["id"] == id; });
  if (found == admins.end()) throw Impossible{id + " is not an admin"};
  admins.erase(found);
}

void apply(json& payload, const FederationChanges& changes) {
  for (const auto& member : changes.join) join(payload, member);
  for (const auto& [address, status] : changes.status) set_status(member_of(payload, address), status);
  for (const auto& [address, cutoff] : changes.cutoffs)
    member_of(payload, address)["revocation"] = revocation_json(cutoff);
  for (const auto& [key, cutoff] : changes.revoke_keys)
    key_of(member_of(payload, key.first), key.second)["revocation"] = revocation_json(cutoff);
  for (const auto& [address, roles] : changes.roles) set_roles(member_of(payload, address), roles);
  for (const auto& [address, name] : changes.names) member_of(payload, address)["name"] = name;
  for (const auto& [address, key] : changes.add_keys)
    member_of(payload, address)["keys"].push_back(read_object(key, "a key"));
  for (const auto& [key, end] : changes.end_keys) end_key(member_of(payload, key.first), key.second, end);
  for (const auto& rotated : changes.rotate) rotate(member_of(payload, rotated.address.text()), rotated);
  for (const auto& id : changes.remove_admins) remove_admin(payload, id);
  for (const auto& admin : changes.add_admins) add_admin(payload, admin);
  if (changes.threshold) payload["threshold"] = *changes.threshold;
  if (changes.witness_quorum) payload["witness_quorum"] = *changes.witness_quorum;
  if (changes.ca_spki_sha256) payload["ca_spki_sha256"] = *changes.ca_spki_sha256;
}

ledger::Result<std::string> changed(json payload, const FederationChanges& changes) {
  try {
    apply(payload, changes);
  } catch (const Impossible& impossible) {
    return Problem{impossible.reason};
  }
  std::string text = ledger::canonical_json(payload);
  const auto federation = ledger::parse_federation(text);
  if (!federation) return federation.error();
  return text;
}

}  // namespace

bool FederationChanges::empty() const {
  return join.empty() && status.empty() && revoke_keys.empty() && cutoffs.empty() && roles.empty() &&
         names.empty() && add_keys.empty() && rotate.empty() && end_keys.empty() && add_admins.empty() &&
         remove_admins.empty() && !threshold && !witness_quorum && !ca_spki_sha256;
}

ledger::Result<std::string> next_payload(std::string_view current, const FederationChanges& changes) {
  auto payload = ledger::parse_json(current, {.max_bytes = ledger::kMaxFederationBytes, .max_depth = 8});
  if (!payload) return payload.error();
  json next = std::move(payload.value());
  next["prev"] = ledger::to_hex(ledger::sha256(current));
  next["version"] = next["version"].get<std::uint64_t>() + 1;
  const json unchanged = next;
  auto text = changed(std::move(next), changes);
  if (text && *text == ledger::canonical_json(unchanged))
    return Problem{"nothing would change: the document says all of that already"};
  return text;
}

ledger::Result<std::string> first_payload(const FederationChanges& changes) {
  return changed({{"v", 1},
                  {"version", 1},
                  {"prev", nullptr},
                  {"threshold", 0},
                  {"admins", json::array()},
                  {"witness_quorum", 0},
                  {"members", json::array()}},
                 changes);
}

}  // namespace edge
