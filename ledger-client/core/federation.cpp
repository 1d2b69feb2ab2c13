#include "ledger-client/core/federation.h"

#include <algorithm>
#include <array>
#include <functional>
#include <nlohmann/json.hpp>

#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/federation_key_text.h"
#include "ledger-client/core/federation_names.h"

namespace ledger {

namespace {

using nlohmann::json;

constexpr JsonLimits kLimits{.max_bytes = kMaxFederationBytes, .max_depth = 8};
constexpr std::size_t kMaxMembers = 10'000;
constexpr std::size_t kMaxAdmins = 100;
constexpr std::size_t kMaxKeys = 64;
constexpr std::size_t kMaxName = 256;
constexpr std::size_t kMaxPublicText = 256;

template <class Value>
struct Named {
  std::string_view name;
  Value value;
};
constexpr std::array<Named<KeyUse>, 4> kUses{
    {{"sign", KeyUse::kSign}, {"log", KeyUse::kLog}, {"witness", KeyUse::kWitness}, {"age", KeyUse::kAge}}};
constexpr std::array<Named<MemberStatus>, 3> kStatuses{{{"active", MemberStatus::kActive},
                                                        {"suspended", MemberStatus::kSuspended},
                                                        {"revoked", MemberStatus::kRevoked}}};
constexpr std::array<std::string_view, 4> kRoles{"hospital", "witness", "store", "verifier"};

// Thrown and caught in this file: the reading below is a straight line of demands, each of which may end it.
struct Refused {
  std::string reason;
};

template <class Choices, class NameOf>
std::string none_of(const Choices& choices, NameOf name_of) {
  std::string text = "is none of";
  for (const auto& choice : choices)
    text.append(&choice == &choices.front() ? " " : ", ").append(name_of(choice));
  return text;
}

// A value of the document and where it stands, so that every refusal can name its place.
class Node {
 public:
  Node(const json& value, std::string place) : value_(value), place_(std::move(place)) {}

  [[noreturn]] void refuse(const std::string& reason) const {
    throw Refused{"federation: " + (place_.empty() ? "the document" : place_) + " " + reason};
  }
  void only_members(std::initializer_list<std::string_view> names) const {
    if (!value_.is_object()) refuse("is not an object");
    for (const auto& [name, ignored] : value_.items()) {
      if (std::find(names.begin(), names.end(), name) == names.end()) refuse("has an unknown member");
    }
  }
  // An optional member may be missing or null.
  bool has(const char* name) const {
    const auto member = value_.find(name);
    return member != value_.end() && !member->is_null();
  }
  Node operator[](const char* name) const {
    const auto member = value_.find(name);
    if (member == value_.end()) refuse(std::string{"lacks "} + name);
    return {*member, place_.empty() ? name : place_ + "." + name};
  }
  std::vector<Node> items(std::size_t at_most) const {
    if (!value_.is_array()) refuse("is not a list");
    if (value_.size() > at_most) refuse("has too many elements");
    std::vector<Node> nodes;
    for (const json& item : value_)
      nodes.emplace_back(item, place_ + "[" + std::to_string(nodes.size()) + "]");
    return nodes;
  }
  // At most so many Unicode characters.
  const std::string& text(std::size_t at_most) const {
    if (!value_.is_string()) refuse("is not a string");
    const auto& text = value_.get_ref<const std::string&>();
    const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; };
    if (text.empty() ||
        std::count_if(text.begin(), text.end(), begins) > static_cast<std::ptrdiff_t>(at_most)) {
      refuse("is empty or too long");
    }
    return text;
  }
  const std::string& name(std::size_t at_most) const {
    const std::string& name = text(at_most);
    if (!is_plain_name(name)) refuse("holds characters that are not shown as they are");
    return name;
  }
  std::uint64_t number(std::uint64_t at_least) const {
    if (!value_.is_number_unsigned() || value_.get<std::uint64_t>() < at_least) {
      refuse("is not an integer of at least " + std::to_string(at_least));
    }
    return value_.get<std::uint64_t>();
  }
  TimePoint time() const {
    const auto time = parse_time(text(24));
    if (!time) refuse("is not a time like 2026-11-22T08:00:00.000Z");
    return *time;
  }
  std::string sha256_hex() const {
    if (!hash_from_hex(text(64))) refuse("is not 64 lower-case hexadecimal digits");
    return text(64);
  }
  template <class Value, std::size_t count>
  Value one_of(const std::array<Named<Value>, count>& choices) const {
    const std::string& name = text(32);
    const auto found =
        std::find_if(choices.begin(), choices.end(), [&](const auto& choice) { return choice.name == name; });
    if (found == choices.end()) refuse(none_of(choices, [](const auto& one) { return one.name; }));
    return found->value;
  }

 private:
  const json& value_;
  std::string place_;
};

bool is_admin_id(std::string_view id) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return plain(id.front()) &&
         std::all_of(id.begin(), id.end(), [&](char c) { return plain(c) || c == '-' || c == '.'; });
}

// Where a revoked member's log, or what a revoked key signed in it, stops to count.
Cutoff read_revocation(const Node& node, const Address& owner) {
  node.only_members({"cutoff", "suspect_from"});
  const Node place = node["cutoff"];
  place.only_members({"origin", "size", "root"});
  Cutoff cutoff{place["origin"].text(kMaxPublicText), place["size"].number(0),
                *hash_from_hex(place["root"].sha256_hex()), std::nullopt};
  if (!is_log_of(owner, cutoff.origin)) place["origin"].refuse("is no log of this member");
  if (!node.has("suspect_from")) return cutoff;
  cutoff.suspect_from = node["suspect_from"].number(0);
  if (*cutoff.suspect_from > cutoff.size) node["suspect_from"].refuse("is after the cutoff");
  return cutoff;
}

MemberKey read_key(const Node& node, const Address& owner) {
  node.only_members({"id", "use", "public", "from", "to", "revocation"});
  MemberKey key;
  key.use = node["use"].one_of(kUses);
  key.id = node["id"].text(32);
  if (!is_key_id(key.id, node["use"].text(32))) node["id"].refuse("is not its use and a number, like sign-1");
  key.public_text = node["public"].text(kMaxPublicText);
  if (const auto why = why_no_public_key(key.use, key.public_text, owner); !why.empty())
    node["public"].refuse(why);
  key.from = node["from"].time();
  if (node.has("to")) {
    key.to = node["to"].time();
    if (*key.to <= key.from) node["to"].refuse("is not after from");
  }
  if (node.has("revocation")) key.revocation = read_revocation(node["revocation"], owner);
  return key;
}

Address read_address(const Node& node) {
  const std::string& text = node.text(64);
  auto address = Address::parse(text);
  if (!address || address->text() != text) node.refuse("is not a canonical IP address");
  return std::move(*address);
}

Member read_member(const Node& node) {
  node.only_members({"address", "name", "roles", "status", "keys", "revocation"});
  Member member{read_address(node["address"]),
                node["name"].name(kMaxName),
                {},
                node["status"].one_of(kStatuses),
                {},
                {}};
  for (const Node& role : node["roles"].items(kRoles.size())) {
    const std::string& name = role.text(32);
    if (std::find(kRoles.begin(), kRoles.end(), name) == kRoles.end())
      role.refuse(none_of(kRoles, std::identity()));
    if (member.has_role(name)) role.refuse("is there twice");
    member.roles.push_back(name);
  }
  for (const Node& item : node["keys"].items(kMaxKeys)) {
    MemberKey key = read_key(item, member.address);
    const auto same_id = [&](const MemberKey& other) { return other.id == key.id; };
    if (std::any_of(member.keys.begin(), member.keys.end(), same_id)) item["id"].refuse("is there twice");
    member.keys.push_back(std::move(key));
  }
  if (node.has("revocation")) {
    if (member.status != MemberStatus::kRevoked)
      node["revocation"].refuse("is there, and the member is not revoked");
    member.revocation = read_revocation(node["revocation"], member.address);
  }
  return member;
}

Admin read_admin(const Node& node, const std::vector<Admin>& others) {
  node.only_members({"id", "key"});
  const std::string& id = node["id"].text(64);
  if (!is_admin_id(id)) node["id"].refuse("is not of lower-case letters, digits, dots and hyphens");
  const auto key = parse_sign_key(node["key"].text(kMaxPublicText));
  if (!key) node["key"].refuse("is not the base64url of 32 bytes");
  for (const Admin& other : others) {
    if (other.id == id) node["id"].refuse("is there twice");
    if (other.key == *key) node["key"].refuse("is there twice");
  }
  return {id, *key};
}

// Who decides about the next version. Two groups without a common admin must never both be enough.
void read_governance(const Node& document, Federation& federation) {
  federation.version = document["version"].number(1);
  const bool linked = document.has("prev");
  if (linked) federation.prev = hash_from_hex(document["prev"].sha256_hex());
  if (linked == (federation.version == 1))
    document["prev"].refuse("is there in version 1, or is missing in a later one");
  for (const Node& admin : document["admins"].items(kMaxAdmins))
    federation.admins.push_back(read_admin(admin, federation.admins));
  federation.threshold = document["threshold"].number(1);
  if (federation.threshold > federation.admins.size() ||
      2 * federation.threshold <= federation.admins.size()) {
    document["threshold"].refuse("is not more than half of the admins and at most all of them");
  }
}

Federation read_document(const Node& document) {
  document.only_members(
      {"v", "version", "prev", "threshold", "admins", "witness_quorum", "ca_spki_sha256", "members"});
  if (document["v"].number(1) != 1) document["v"].refuse("is a format this software does not know");
  Federation federation;
  read_governance(document, federation);
  if (document.has("witness_quorum")) federation.witness_quorum = document["witness_quorum"].number(0);
  if (document.has("ca_spki_sha256")) federation.ca_spki_sha256 = document["ca_spki_sha256"].sha256_hex();
  std::vector<Address> seen;
  for (const Node& item : document["members"].items(kMaxMembers)) {
    federation.members.push_back(read_member(item));
    const Address& address = federation.members.back().address;
    const auto place = std::lower_bound(seen.begin(), seen.end(), address);
    if (place != seen.end() && *place == address) item["address"].refuse("is another member's as well");
    seen.insert(place, address);
  }
  return federation;
}

}  // namespace

std::string_view status_text(MemberStatus status) {
  return kStatuses.at(static_cast<std::size_t>(status)).name;
}
std::string_view use_text(KeyUse use) {
  return kUses.at(static_cast<std::size_t>(use)).name;
}

Result<Federation> parse_federation(std::string_view text) {
  const auto document = parse_json(text, kLimits);
  if (!document) return Problem{"federation: " + document.error().reason};
  try {
    return read_document(Node{*document, ""});
  } catch (const Refused& refused) {
    return Problem{refused.reason};
  }
}

}  // namespace ledger
