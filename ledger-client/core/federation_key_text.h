// Keys as a federation document writes them: the id, and the public half in the form of its use. Pure and
// thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ledger-client/core/federation.h"

namespace ledger {

// `use` and a number from 1, like sign-1.
bool is_key_id(std::string_view id, std::string_view use);

// Whether that member's log may be called so: a log's name has a generation from the second on.
bool is_log_of(const Address& owner, std::string_view name);

// Why `text` is not the public half of a key of that member for that use, as a predicate ("is …"); empty if
// it is.
std::string why_no_public_key(KeyUse use, std::string_view text, const Address& owner);

// The Ed25519 key in the public half of a key that signs; nothing for a recipient, or what is none.
std::optional<PublicKey> ed25519_key(KeyUse use, std::string_view text);

}  // namespace ledger
