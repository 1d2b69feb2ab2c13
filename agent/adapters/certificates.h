// X.509 certificates as they stand beside signing keys. verify_certificate() is declared in key_files.h.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "ledger-client/core/address.h"
#include "ledger-client/core/ed25519.h"
#include "ledger-client/core/time_text.h"

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

// When a certificate of this agent ends.
struct CertificateEnd {
  std::filesystem::path file;
  ledger::TimePoint end{};

  std::int64_t days_left(ledger::TimePoint now) const;  // whole ones; negative when it has ended
};
inline constexpr int kWarningDays = 30;

// Of the TLS certificate, the CA's, and the newest signing key's that has one below `keys`; a file that is
// missing or no certificate is left out.
std::vector<CertificateEnd> certificate_ends(const std::filesystem::path& tls,
                                             const std::filesystem::path& ca,
                                             const std::filesystem::path& keys);
// "tls.crt ends in 12 days", for those within the last kWarningDays.
std::vector<std::string> certificate_warnings(const std::vector<CertificateEnd>& ends, ledger::TimePoint now);

// Why a broker would turn the connection of `self` away, or be turned away: a file that is not there, a
// certificate of another key, of another CA or of another agent, or one that is not valid `at` that time;
// without it, dates are not looked at.
std::vector<std::string> tls_faults(const std::filesystem::path& certificate,
                                    const std::filesystem::path& key, const std::filesystem::path& ca,
                                    const ledger::Address& self,
                                    const std::optional<ledger::TimePoint>& at = {});

}  // namespace edge
