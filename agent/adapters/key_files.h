// Keys as files (trust.md, Keys): sign-N.pem (PKCS#8) with sign-N.crt, log-N.skey, witness-N.skey, age-N.txt,
// tls.key, tls.crt, ca.crt below one directory, each of mode 0600; files among systemd's credentials come
// first. Loading refuses a secret others can read. Errors name the file, never its content.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/adapters/token_signer.h"
#include "agent/core/age/age.h"
#include "agent/core/signing.h"
#include "ledger-client/core/federation.h"

namespace edge {

struct SignKey {
  std::string id;  // sign-N
  std::unique_ptr<Signer> signer;
  std::vector<ledger::Bytes> x5c_der;  // empty if there is no certificate
};
struct LogKey {
  std::string id;
  ledger::NoteKey key;
  std::unique_ptr<Signer> signer;
};

// The newest of each kind signs; every age identity decrypts.
struct KeyRing {
  SignKey sign;
  LogKey log;
  LogKey witness;
  std::vector<age::Identity> age;  // newest first
};

// Throws std::runtime_error with the path and what is wrong with it. With a token the signing key is the
// token's, and no file is looked at for it but its certificate.
KeyRing load_keys(const std::filesystem::path& directory, const ledger::Address& address,
                  const std::optional<TokenKey>& token = std::nullopt);

// Every key of its kind, newest first. The signing keys with a token: the token's alone.
std::vector<SignKey> load_sign_keys(const std::filesystem::path& directory, const ledger::Address& address,
                                    const std::optional<TokenKey>& token = std::nullopt);
std::vector<LogKey> load_witness_keys(const std::filesystem::path& directory, const ledger::Address& address);
std::vector<age::Identity> load_age_keys(const std::filesystem::path& directory);

// Makes the next sign-N, witness-N or age-N beside what is there; returns its id. Durable, mode 0600.
std::string add_key(const std::filesystem::path& directory, const ledger::Address& address,
                    ledger::KeyUse use);
// The public part of a key file, as the federation document lists it, with its id; newest first.
struct PublicKeyText {
  std::string id, text;
};
std::vector<PublicKeyText> public_keys(const std::filesystem::path& directory, const ledger::Address& address,
                                       ledger::KeyUse use,
                                       const std::optional<TokenKey>& token = std::nullopt);
// When a key made now begins: the start of the day, so that a peer whose clock is late takes what it signs.
ledger::TimePoint new_key_begins();

// Where a key file of that name is: among systemd's credentials if it is there, else below `directory`.
std::filesystem::path key_path(const std::filesystem::path& directory, const std::string& name);

// Makes sign-1, log-1, witness-1, age-1 where they do not exist; never overwrites. Durable, mode 0600,
// directory 0700. TLS keys and certificates are deploy/pki's. Returns the names made.
std::vector<std::string> generate_keys(const std::filesystem::path& directory,
                                       const ledger::Address& address);

// The keys of this agent's logs, newest first: more than one after a retirement or a rotation.
std::vector<LogKey> load_log_keys(const std::filesystem::path& directory, const ledger::Address& address);
// Makes the next log-N.skey, for the log `origin`. Durable, mode 0600.
LogKey add_log_key(const std::filesystem::path& directory, const ledger::Address& address,
                   const std::string& origin);

// Whether there is an age identity in the folder at all.
bool holds_age_identity(const std::filesystem::path& directory);

// All age identities of the folder as one identity file, newest first.
Secret age_identity_file(const std::filesystem::path& directory);

// What keeps the service from using its secret files, each with what to do about it: those below `directory`
// and among the credentials, and `tls_key` where it is there. A folder that is there lacks no kind of key;
// the signing key may be in a token instead.
struct KeyFault {
  std::string what, hint;
};
std::vector<KeyFault> key_faults(const std::filesystem::path& directory, const std::filesystem::path& tls_key,
                                 bool sign_in_token);

// Whether a file of that name is one of the keys or certificates above.
bool is_key_file(std::string_view name);

// The member object of a federation document for these keys (public parts only), as JSON text.
std::string member_json(const std::filesystem::path& directory, const ledger::Address& address,
                        const std::string& name, const std::optional<TokenKey>& token = std::nullopt);

// The public key of a certificate's Ed25519 key after OpenSSL verified it against the CA file, as of the time
// `at` (when something was signed with the key), and its IP SAN; for bundles of outsiders.
struct CertifiedKey {
  ledger::PublicKey key;
  std::string address;
};
ledger::Result<CertifiedKey> verify_certificate(const std::vector<ledger::Bytes>& x5c_der,
                                                const std::filesystem::path& ca_file, ledger::TimePoint at);

}  // namespace edge
