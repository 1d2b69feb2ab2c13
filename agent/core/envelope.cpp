#include "agent/core/envelope.h"

#include <nlohmann/json.hpp>

#include "ledger-client/core/canonical_json.h"

namespace edge {

using ledger::Problem;
using nlohmann::json;

json envelope_json(const Envelope& envelope) {
  return {{"v", 1},
          {"id", envelope.id},
          {"from", envelope.from.text()},
          {"to", envelope.to.text()},
          {"fed", envelope.fed},
          {"issued", ledger::format_time(envelope.issued)}};
}

namespace {

std::optional<ledger::Address> read_address(const json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end() || !member->is_string()) return std::nullopt;
  auto address = ledger::Address::parse(member->get_ref<const std::string&>());
  // An address has one text; another spelling of it would be a second name for the same peer.
  if (!address || address->text() != member->get_ref<const std::string&>()) return std::nullopt;
  return address;
}

bool members_fit(const json& object, const std::set<std::string>& others,
                 const std::set<std::string>& optional) {
  static const std::set<std::string> own{"v", "id", "from", "to", "fed", "issued"};
  for (const auto& name : own) {
    if (!object.contains(name)) return false;
  }
  for (const auto& name : others) {
    if (!object.contains(name)) return false;
  }
  for (const auto& item : object.items()) {
    if (!own.contains(item.key()) && !others.contains(item.key()) && !optional.contains(item.key()))
      return false;
  }
  return true;
}

}  // namespace

ledger::Result<Envelope> read_envelope(const json& object, const std::set<std::string>& others,
                                       const std::set<std::string>& optional) {
  if (!object.is_object()) return Problem{"payload: not an object"};
  if (!members_fit(object, others, optional)) return Problem{"payload: missing or unknown member"};
  if (object["v"] != 1) return Problem{"payload.v: not 1"};
  if (!object["id"].is_string() || !is_uuid(object["id"].get_ref<const std::string&>()))
    return Problem{"payload.id: not a UUID"};
  const auto from = read_address(object, "from");
  const auto to = read_address(object, "to");
  if (!from || !to) return Problem{"payload.from, payload.to: not an address in canonical form"};
  if (!object["fed"].is_number_unsigned()) return Problem{"payload.fed: not a version"};
  if (!object["issued"].is_string()) return Problem{"payload.issued: not a time"};
  const auto issued = ledger::parse_time(object["issued"].get_ref<const std::string&>());
  if (!issued) return Problem{"payload.issued: not a time"};
  return Envelope{object["id"].get<std::string>(), *from, *to, object["fed"].get<std::uint64_t>(), *issued};
}

std::string make_kid(const ledger::Address& address, std::string_view key_id) {
  return address.topic_form() + "#" + std::string(key_id);
}

namespace {

// Why a key does not count: one that is listed for another time hints at a clock that is wrong, here or
// there.
Problem unknown_key(const ledger::Member& sender, const std::string& id, ledger::TimePoint now) {
  const auto* listed = sender.find_key(id);
  if (listed == nullptr || listed->use != ledger::KeyUse::kSign) return {kUnknownKey};
  return {std::string(kUnknownKey) + " now: it is listed from " + ledger::format_time(listed->from) +
          (listed->to ? " to " + ledger::format_time(*listed->to) : "") + ", and the clock here says " +
          ledger::format_time(now)};
}

// `key_of` gives the key for the key id of the sender's that signed, or says why none counts.
template <class KeyOf>
ledger::Result<AuthenticMessage> open_message(std::string_view jws, std::string_view typ,
                                              const ledger::Address& from,
                                              const ledger::Federation& federation, std::size_t max_bytes,
                                              const KeyOf& key_of) {
  const auto parsed = ledger::parse_jws(jws, max_bytes);
  if (!parsed) return parsed.error();
  if (parsed->typ != typ) return Problem{"JWS: another typ than expected"};
  const ledger::Member* sender = federation.find(from);
  if (sender == nullptr) return Problem{"sender is not in the federation document"};
  const std::string prefix = make_kid(from, "");
  if (!parsed->kid.starts_with(prefix)) return Problem{"JWS: kid of another agent than the topic names"};
  const ledger::Result<ledger::PublicKey> key = key_of(*sender, parsed->kid.substr(prefix.size()));
  if (!key) return key.error();
  auto verified = ledger::verify_jws(*parsed, *key);
  if (!verified) return verified.error();
  return AuthenticMessage{sender, std::move(verified->payload)};
}

}  // namespace

ledger::Result<AuthenticMessage> authenticate(std::string_view jws, std::string_view typ,
                                              const ledger::Address& topic_sender,
                                              const ledger::Federation& federation, ledger::TimePoint now,
                                              std::size_t max_bytes, const RevokedKeys& revoked) {
  return open_message(
      jws, typ, topic_sender, federation, max_bytes,
      [&](const ledger::Member& sender, const std::string& id) -> ledger::Result<ledger::PublicKey> {
        const auto key = sender.sign_key(id, now);
        if (!key) return unknown_key(sender, id, now);
        if (revoked && revoked->contains(make_kid(topic_sender, id)))
          return Problem{"JWS: the key is revoked in its owner's log"};
        return *key;
      });
}

ledger::Result<AuthenticMessage> authenticate_kept(std::string_view jws, std::string_view typ,
                                                   const ledger::Address& from,
                                                   const ledger::Federation& federation,
                                                   std::size_t max_bytes) {
  return open_message(
      jws, typ, from, federation, max_bytes,
      [](const ledger::Member& sender, const std::string& id) -> ledger::Result<ledger::PublicKey> {
        const auto* listed = sender.find_key(id);
        const auto key = listed != nullptr && listed->use == ledger::KeyUse::kSign
                             ? ledger::parse_sign_key(listed->public_text)
                             : std::nullopt;
        if (!key) return Problem{kUnknownKey};
        return *key;
      });
}

namespace {

std::string format_uuid(const std::array<std::uint8_t, 16>& bytes) {
  const std::string hex = ledger::to_hex(bytes);
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" + hex.substr(16, 4) + "-" +
         hex.substr(20);
}

}  // namespace

std::string make_uuid_v7(ledger::TimePoint now, const std::array<std::uint8_t, 10>& random) {
  std::array<std::uint8_t, 16> bytes{};
  const auto milliseconds = static_cast<std::uint64_t>(now.time_since_epoch().count());
  for (unsigned i = 0; i < 6; ++i) bytes[i] = static_cast<std::uint8_t>(milliseconds >> (40 - 8 * i));
  for (unsigned i = 0; i < 10; ++i) bytes[6 + i] = random[i];
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0fU) | 0x70U);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3fU) | 0x80U);
  return format_uuid(bytes);
}

std::string make_uuid_v4(const std::array<std::uint8_t, 16>& random) {
  std::array<std::uint8_t, 16> bytes = random;
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0fU) | 0x40U);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3fU) | 0x80U);
  return format_uuid(bytes);
}

}  // namespace edge
