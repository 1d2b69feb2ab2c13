// X25519 stanzas (formats.md 1.4): wrapping a file key for a recipient and unwrapping it with identities.
// Pure and thread-safe.
#pragma once

#include "agent/core/age/age.h"
#include "agent/core/age/header.h"

namespace edge::age {

inline constexpr std::size_t kFileKeyBytes = 16;
using FileKey = Wiped<kFileKeyBytes>;

// The text of one stanza, with a new ephemeral share.
std::string wrap_file_key(const Recipient& recipient, const FileKey& file_key);

// Tries the identities in order, each on all stanzas, then checks the header's MAC.
// Problems: kHeaderFailure, kNoMatch, kMacFailure.
ledger::Result<ledger::Done> unwrap_file_key(const Header& header,
                                             std::span<const Identity* const> identities, FileKey& file_key);

}  // namespace edge::age
