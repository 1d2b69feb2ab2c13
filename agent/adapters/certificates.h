// X.509 certificates as they stand beside signing keys. verify_certificate() is declared in key_files.h.
#pragma once

#include <filesystem>
#include <vector>

#include "ledger-client/core/address.h"
#include "ledger-client/core/ed25519.h"

namespace edge {

// What a certificate says of an Ed25519 key, not yet verified: nothing where it has another kind of key or
// not exactly one IP address.
struct CertificateFacts {
  ledger::PublicKey key;
  ledger::Address address;
};
std::optional<CertificateFacts> certificate_facts(ledger::ByteView der);

// The certificates of a PEM file in their order, as DER. Throws std::runtime_error if there is none or one is
// malformed.
std::vector<ledger::Bytes> read_certificates(const std::filesystem::path& pem_file);

}  // namespace edge
