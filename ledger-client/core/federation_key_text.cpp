#include "ledger-client/core/federation_key_text.h"

#include <array>

#include "ledger-client/core/bech32.h"

namespace ledger {

namespace {

std::string why_no_note_key(std::string_view vkey, NoteKeyType type, const Address& owner) {
  const auto key = NoteKey::from_vkey(vkey);
  if (!key) return "is no note key: " + key.error().reason;
  if (key->type != type) return "is a note key of the wrong type";
  const bool own =
      type == NoteKeyType::kCosignatureV1 ? key->name == owner.witness_name() : is_log_of(owner, key->name);
  return own ? "" : "is a key of somebody else's name";
}

// Decoding belongs to what encrypts; here a mistyped recipient is found early.
bool is_age_recipient(std::string_view text) {
  std::array<std::uint8_t, 32> key{};
  return bech32_decode(text, "age", key);
}

}  // namespace

bool is_key_id(std::string_view id, std::string_view use) {
  if (!id.starts_with(use) || id.size() < use.size() + 2 || id.size() > use.size() + 7 ||
      id[use.size()] != '-')
    return false;
  const std::string_view number = id.substr(use.size() + 1);
  return number.front() != '0' && number.find_first_not_of("0123456789") == number.npos;
}

bool is_log_of(const Address& owner, std::string_view name) {
  const auto origin = parse_origin(name);
  return origin && origin->address == owner;
}

std::string why_no_public_key(KeyUse use, std::string_view text, const Address& owner) {
  switch (use) {
    case KeyUse::kSign:
      return parse_sign_key(text) ? "" : "is not the base64url of 32 bytes";
    case KeyUse::kLog:
      return why_no_note_key(text, NoteKeyType::kEd25519, owner);
    case KeyUse::kWitness:
      return why_no_note_key(text, NoteKeyType::kCosignatureV1, owner);
    case KeyUse::kAge:
      return is_age_recipient(text) ? "" : "is not an age1 recipient";
  }
  return "has an unknown use";
}

std::optional<PublicKey> ed25519_key(KeyUse use, std::string_view text) {
  if (use == KeyUse::kSign) return parse_sign_key(text);
  const auto note = NoteKey::from_vkey(text);
  return note ? std::optional(note->key) : std::nullopt;
}

}  // namespace ledger
