// age files to a passphrase (C2SP age v1, scrypt recipient stanza), and small secrets in age files. Pure and
// thread-safe.
#pragma once

#include "agent/core/age/age.h"

namespace edge::age {

// scrypt with N = 2^factor, r = 8, p = 1: 2^(factor + 10) bytes of memory. 18 is what the `age` tool writes,
// about a second. A file that demands more than the maximum (1 GiB) is refused before any of it is spent.
inline constexpr unsigned kScryptFactor = 18;
inline constexpr unsigned kMaxScryptFactor = 20;

// Throws std::bad_alloc if scrypt finds no memory.
ledger::Bytes seal_with_passphrase(const Secret& passphrase, ledger::ByteView plaintext,
                                   unsigned factor = kScryptFactor);
// Reasons as Reader's; a wrong passphrase is kNoMatch.
ledger::Result<Secret> open_with_passphrase(const Secret& passphrase, ledger::ByteView file);

// To several recipients, each of whom can open it. Precondition: at least one.
ledger::Bytes seal_to_all(std::span<const Recipient> recipients, ledger::ByteView plaintext);
// As open(), the plaintext in locked memory.
ledger::Result<Secret> open_secret(std::span<const Identity* const> identities, ledger::ByteView file);

// Whether the file's header says that a passphrase opens it.
bool wants_passphrase(ledger::ByteView file);

}  // namespace edge::age
