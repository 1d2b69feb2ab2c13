// The text of private Ed25519 keys: PKCS#8 in PEM (RFC 8410, RFC 7468) for signing keys and the signer text
// of signed notes (formats.md 2) for log and witness keys. Nothing secret leaves locked memory. Pure and
// thread-safe.
#pragma once

#include <optional>
#include <string_view>

#include "agent/core/secret.h"
#include "ledger-client/core/note.h"

namespace edge {

// Nothing if the text is not exactly one unencrypted PKCS#8 Ed25519 key. Text outside the PEM block is
// ignored, as PEM readers do.
std::optional<Secret> seed_from_pem(const Secret& text);
Secret pem_from_seed(const Secret& seed);

// The Ed25519 key of a PKCS#11 CKA_EC_POINT: 32 raw bytes, or those in a DER OCTET STRING (04 20 …), as
// modules differ.
std::optional<ledger::PublicKey> key_from_ec_point(std::span<const std::uint8_t> point);

// PRIVATE+KEY+name+id+base64(0x01 || seed). Reading checks the key id, which binds the name.
struct NoteSeed {
  std::string name;
  Secret seed;
};
std::optional<NoteSeed> seed_from_skey(const Secret& text);
Secret skey_from_seed(std::string_view name, const Secret& seed);

}  // namespace edge
