// The payload of an age file that is held whole (formats.md 1.5). Pure and thread-safe.
#pragma once

#include "agent/core/age/stream.h"

namespace edge::age {

// Plaintext bytes of a payload of so many bytes (nonce and chunks); nothing if no payload has that size.
std::optional<std::size_t> plaintext_size(std::size_t payload);

// A whole file: header around `stanzas`, a new nonce, the chunks.
ledger::Bytes seal_payload(std::string_view stanzas, const FileKey& file_key, ledger::ByteView plaintext);

// Precondition: out.size() == plaintext_size(payload.size()). Wipes `out` on a Problem.
ledger::Result<ledger::Done> open_payload(const FileKey& file_key, ledger::ByteView payload,
                                          std::span<std::uint8_t> out);

}  // namespace edge::age
