// A member's announcement of new keys to the federation's admins (trust.md, Keys): a compact JWS under the
// signing key in force, each new key that can sign vouching for itself. `federation propose --rotate` takes
// it. Pure and thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/envelope.h"
#include "ledger-client/core/entry_rules.h"

namespace edge {

namespace message_type {
inline constexpr std::string_view kKeyChange = "ehr-key-change+jws";
}  // namespace message_type

struct NewKey {
  ledger::MemberKey key;    // without an end
  std::string replaces;     // the id of the key of the same use it takes the place of
  ledger::TimePoint until;  // up to which the old one still verifies messages
  std::string possession;   // the new key's signature over the rotation statement; empty for age keys
};
struct KeyChange {
  ledger::Address address;
  std::vector<NewKey> keys;  // at least one, of one use each
};

inline constexpr std::size_t kMaxKeyChangeBytes = 64 * 1024;

// What the entry key.rotated says of it, but for the old key's signature; `by` is a signing key's id.
ledger::KeyRotated rotation_of(const NewKey& key, const std::string& by);
// The new key's half of the announcement. `origin` is the member's log.
std::string prove_possession(const Signer& next, const std::string& origin,
                             const ledger::KeyRotated& rotation);
// The whole entry: signed by `by`, for a key that signs by the old key itself, and by the new one.
ledger::KeyRotated announce_rotation(const std::string& origin, ledger::KeyRotated rotation, const Signer& by,
                                     const Signer* next);

std::string sign_key_change(const KeyChange& change, const LocalIdentity& self);
// Problem: not signed by a key the federation holds for the member now, a key that is there already, replaces
// none of its use, or is not shown to be in the member's hands.
ledger::Result<KeyChange> verify_key_change(std::string_view jws, const ledger::Federation& federation,
                                            ledger::TimePoint now);
// The key object as the federation document lists it.
std::string key_object(const ledger::MemberKey& key);

}  // namespace edge
