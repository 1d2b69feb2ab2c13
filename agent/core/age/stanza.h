// X25519 stanzas (formats.md 1.4): wrapping a file key for a recipient and unwrapping it with identities.
// Pure and thread-safe.
#pragma once

#include "agent/core/age/age.h"
#include "agent/core/age/agreement.h"
#include "agent/core/age/header.h"
#include "agent/core/age/hkdf.h"

namespace edge::age {

inline constexpr std::size_t kFileKeyBytes = 16;
using FileKey = Wiped<kFileKeyBytes>;

// The key that wraps a file key, from a shared secret, the ephemeral share and the recipient.
void wrap_key(ledger::ByteView shared, ledger::ByteView share, ledger::ByteView recipient, Key32 out);

// The text of one stanza. The agreement must not serve another.
std::string wrap_file_key(Agreement agreement, const FileKey& file_key);

// Tries the identities in order, each on all stanzas, then checks the header's MAC.
// Problems: kHeaderFailure, kNoMatch, kMacFailure.
ledger::Result<ledger::Done> unwrap_file_key(const Header& header,
                                             std::span<const Identity* const> identities, FileKey& file_key);

}  // namespace edge::age
