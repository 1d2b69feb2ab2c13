#include "ledger-client/cli/announcement.h"

#include "ledger-client/core/entry_rules.h"
#include "ledger-client/core/federation_key_text.h"
#include "ledger-client/core/key_validity.h"

namespace ledger::cli {

namespace {

std::optional<PublicKey> next_key(const KeyRotated& rotation) {
  for (const KeyUse use : {KeyUse::kSign, KeyUse::kWitness})
    if (is_key_id(rotation.next, use_text(use))) return ed25519_key(use, rotation.public_text);
  return std::nullopt;
}

}  // namespace

std::optional<std::string> announcement_for_people(const Entry& entry, const std::string& origin,
                                                   const Trust* trust) {
  const auto rotation = decode_key_rotated(entry);
  if (!rotation) return std::nullopt;
  const MemberKey* const by = trust ? trust->member_key(origin, rotation->signed_by) : nullptr;
  const auto key = by ? ed25519_key(by->use, by->public_text) : std::nullopt;
  if (!key) return "not checked: no federation document given lists " + rotation->signed_by;
  const auto checked = check_rotation(origin, *rotation, *key, next_key(*rotation));
  if (!checked) return "does not hold: " + checked.error().reason;
  const MemberKey* const next = trust->member_key(origin, rotation->next);
  if (next && next->public_text != rotation->public_text)
    return "does not hold: the federation document lists another key as " + rotation->next;
  const bool both = !rotation->possession.empty();
  return "holds: signed by " + rotation->signed_by + (both ? " and by " + rotation->next : "");
}

}  // namespace ledger::cli
