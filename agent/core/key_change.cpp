#include "agent/core/key_change.h"

#include <nlohmann/json.hpp>

#include "ledger-client/core/base64.h"
#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/federation_key_text.h"
#include "ledger-client/core/key_validity.h"

namespace edge {

using ledger::KeyUse;
using ledger::Problem;
using nlohmann::json;

namespace {

constexpr std::size_t kMaxKeys = 4;

json key_json(const ledger::MemberKey& key) {
  return {{"id", key.id},
          {"use", std::string(ledger::use_text(key.use))},
          {"public", key.public_text},
          {"from", ledger::format_time(key.from)}};
}

std::optional<std::string> text_of(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::optional<ledger::TimePoint> time_of(const json& object, const char* name) {
  const auto text = text_of(object, name);
  return text ? ledger::parse_time(*text) : std::nullopt;
}

ledger::Result<NewKey> read_key(const json& item) {
  const Problem problem{"key change: a key is not of key, possession, replaces and until"};
  if (!item.is_object() || item.size() != 4 || !item.contains("key") || !item["key"].is_object() ||
      item["key"].size() != 4)
    return problem;
  const json& object = item["key"];
  const auto id = text_of(object, "id"), use = text_of(object, "use"), text = text_of(object, "public");
  const auto from = time_of(object, "from"), until = time_of(item, "until");
  const auto replaces = text_of(item, "replaces"), possession = text_of(item, "possession");
  if (!id || !use || !text || !from || !until || !replaces || !possession) return problem;
  NewKey key;
  key.key.id = *id;
  key.key.public_text = *text;
  key.key.from = *from;
  key.replaces = *replaces;
  key.until = *until;
  key.possession = *possession;
  for (const KeyUse known : {KeyUse::kSign, KeyUse::kLog, KeyUse::kWitness, KeyUse::kAge}) {
    if (ledger::use_text(known) != *use) continue;
    key.key.use = known;
    return key;
  }
  return problem;
}

// Everything about one key but the member's own signature over all.
std::string why_not(const NewKey& key, const ledger::Member& member, const std::string& by) {
  const std::string place = "key change: " + key.key.id;
  if (key.key.use == KeyUse::kLog) return place + ": a log's key ends with the log";
  if (member.find_key(key.key.id) != nullptr) return place + " is in the document already";
  const ledger::MemberKey* old = member.find_key(key.replaces);
  if (old == nullptr || old->use != key.key.use) return place + " replaces no key of its use";
  if (key.until <= old->from) return place + ": the old key would end before it began";
  if (key.key.use == KeyUse::kAge) return key.possession.empty() ? "" : place + " can't sign";
  const auto next = ledger::ed25519_key(key.key.use, key.key.public_text);
  const auto possession = ledger::base64url_decode(key.possession);
  const std::string statement =
      ledger::rotation_statement(member.newest_origin().value_or(""), rotation_of(key, by));
  const bool shown =
      next && possession && ledger::verify_ed25519(*next, ledger::as_bytes(statement), *possession);
  return shown ? "" : place + " is not shown to be in the member's hands";
}

}  // namespace

ledger::KeyRotated rotation_of(const NewKey& key, const std::string& by) {
  const std::string signed_by = key.key.use == KeyUse::kAge ? by : key.replaces;
  return {key.replaces, key.key.id, key.key.public_text, signed_by, {}, {}};
}

std::string prove_possession(const Signer& next, const std::string& origin,
                             const ledger::KeyRotated& rotation) {
  return ledger::base64url_encode(next.sign(ledger::as_bytes(ledger::rotation_statement(origin, rotation))));
}

ledger::KeyRotated announce_rotation(const std::string& origin, ledger::KeyRotated rotation, const Signer& by,
                                     const Signer* next) {
  rotation.signature = prove_possession(by, origin, rotation);
  if (next != nullptr) rotation.possession = prove_possession(*next, origin, rotation);
  return rotation;
}

std::string key_object(const ledger::MemberKey& key) {
  return ledger::canonical_json(key_json(key));
}

std::string sign_key_change(const KeyChange& change, const LocalIdentity& self) {
  json keys = json::array();
  for (const NewKey& key : change.keys) {
    keys.push_back({{"key", key_json(key.key)},
                    {"replaces", key.replaces},
                    {"until", ledger::format_time(key.until)},
                    {"possession", key.possession}});
  }
  const json payload{{"v", 1}, {"address", change.address.text()}, {"keys", std::move(keys)}};
  return sign_jws(*self.signer, self.kid, message_type::kKeyChange, ledger::canonical_json(payload));
}

ledger::Result<KeyChange> verify_key_change(std::string_view jws, const ledger::Federation& federation,
                                            ledger::TimePoint now) {
  const auto parsed = ledger::parse_jws(jws, kMaxKeyChangeBytes);
  if (!parsed) return parsed.error();
  const auto hash = parsed->kid.find('#');
  const auto address = ledger::Address::from_topic_form(parsed->kid.substr(0, hash));
  if (hash == std::string::npos || !address) return Problem{"key change: its kid names no agent"};
  const auto authentic =
      authenticate(jws, message_type::kKeyChange, *address, federation, now, kMaxKeyChangeBytes);
  if (!authentic) return Problem{"key change: " + authentic.error().reason};
  const auto object = ledger::parse_json(authentic->payload, {kMaxKeyChangeBytes, 8});
  if (!object) return object.error();
  if (!object->is_object() || object->size() != 3 || object->value("v", json()) != 1 ||
      text_of(*object, "address") != address->text() || !object->contains("keys") ||
      !(*object)["keys"].is_array() || (*object)["keys"].empty() || (*object)["keys"].size() > kMaxKeys)
    return Problem{"key change: not of v, address and keys"};
  KeyChange change{*address, {}};
  for (const json& item : (*object)["keys"]) {
    auto key = read_key(item);
    if (!key) return key.error();
    for (const NewKey& other : change.keys) {
      if (other.key.use == key->key.use) return Problem{"key change: two keys of one use"};
    }
    if (const auto why = why_not(*key, *authentic->sender, parsed->kid.substr(hash + 1)); !why.empty())
      return Problem{why};
    change.keys.push_back(std::move(*key));
  }
  return change;
}

}  // namespace edge
