#include "agent/adapters/key_files.h"

#include <algorithm>
#include <stdexcept>

#include "agent/adapters/certificates.h"
#include "agent/adapters/key_folder.h"
#include "agent/adapters/key_formats.h"
#include "agent/adapters/secret_file.h"
#include "ledger-client/core/origin.h"

namespace edge {

namespace key_folder {

namespace {

// The certificate of the signing key, if there is one.
void load_certificate(SignKey& key, const fs::path& directory, const ledger::Address& address) {
  const fs::path certificate = key_path(directory, key.id + ".crt");
  if (!fs::exists(certificate)) {
    return;
  }
  key.x5c_der = read_certificates(certificate);
  const auto facts = certificate_facts(key.x5c_der.front());
  if (!facts || facts->key != key.signer->public_key()) {
    refuse(certificate, "not a certificate of " + key.id);
  }
  if (facts->address != address) {
    refuse(certificate, "its address is not " + address.text());
  }
}

LogKey load_note_key(const KeyFile& file, ledger::NoteKeyType type) {
  const auto key = seed_from_skey(read_secret_file(file.path));
  if (!key) {
    refuse(file.path, "not the private key of a note signer");
  }
  std::unique_ptr<Signer> signer = make_ed25519_signer(key->seed);
  return {file.id, ledger::NoteKey{key->name, type, signer->public_key()}, std::move(signer)};
}

}  // namespace

SignKey load_sign_key(const KeyFile& file, const fs::path& directory, const ledger::Address& address) {
  const auto seed = seed_from_pem(read_secret_file(file.path));
  if (!seed) {
    refuse(file.path, "not an Ed25519 key in PKCS#8 (PEM)");
  }
  SignKey key{file.id, make_ed25519_signer(*seed), {}};
  load_certificate(key, directory, address);
  return key;
}

SignKey load_token_key(const TokenKey& token, const fs::path& directory, const ledger::Address& address) {
  const auto id = token_key_id(token.uri);
  if (!id) {
    throw std::runtime_error("keys.sign_token: " + id.error().reason);
  }
  SignKey key{*id, open_token_signer(token), {}};
  load_certificate(key, directory, address);
  return key;
}

LogKey load_log_key(const KeyFile& file, const ledger::Address& address) {
  LogKey key = load_note_key(file, ledger::NoteKeyType::kEd25519);
  const auto origin = ledger::parse_origin(key.key.name);
  if (!origin || origin->address != address) refuse(file.path, "the key of another log than this agent's");
  return key;
}

LogKey load_witness_key(const KeyFile& file, const ledger::Address& address) {
  LogKey key = load_note_key(file, ledger::NoteKeyType::kCosignatureV1);
  if (key.key.name != address.witness_name())
    refuse(file.path, "the key of another name than " + address.witness_name());
  return key;
}

age::Identity load_age_key(const KeyFile& file) {
  auto identity = age::Identity::parse(read_secret_file(file.path));
  if (!identity) {
    refuse(file.path, identity.error().reason);
  }
  return std::move(identity).value();
}

}  // namespace key_folder

using namespace key_folder;

std::vector<SignKey> load_sign_keys(const fs::path& directory, const ledger::Address& address,
                                    const std::optional<TokenKey>& token) {
  initialise_cryptography();
  std::vector<SignKey> keys;
  if (token) {
    keys.push_back(load_token_key(*token, directory, address));
    return keys;
  }
  newest_key(directory, kSign);  // there must be one
  for (const KeyFile& file : find_keys(directory, kSign))
    keys.push_back(load_sign_key(file, directory, address));
  return keys;
}

std::vector<LogKey> load_log_keys(const fs::path& directory, const ledger::Address& address) {
  initialise_cryptography();
  std::vector<LogKey> keys;
  for (const KeyFile& file : find_keys(directory, kLog)) keys.push_back(load_log_key(file, address));
  return keys;
}

std::vector<LogKey> load_witness_keys(const fs::path& directory, const ledger::Address& address) {
  initialise_cryptography();
  std::vector<LogKey> keys;
  for (const KeyFile& file : find_keys(directory, kWitness)) keys.push_back(load_witness_key(file, address));
  return keys;
}

std::vector<age::Identity> load_age_keys(const fs::path& directory) {
  initialise_cryptography();
  std::vector<age::Identity> keys;
  for (const KeyFile& file : find_keys(directory, kAge)) keys.push_back(load_age_key(file));
  return keys;
}

KeyRing load_keys(const fs::path& directory, const ledger::Address& address,
                  const std::optional<TokenKey>& token) {
  initialise_cryptography();
  KeyRing ring;
  ring.sign = token ? load_token_key(*token, directory, address)
                    : load_sign_key(newest_key(directory, kSign), directory, address);
  ring.log = load_log_key(newest_key(directory, kLog), address);
  ring.witness = load_witness_key(newest_key(directory, kWitness), address);
  newest_key(directory, kAge);  // there must be one
  for (const KeyFile& file : find_keys(directory, kAge)) {
    ring.age.push_back(load_age_key(file));
  }
  return ring;
}

Secret age_identity_file(const fs::path& directory) {
  newest_key(directory, kAge);  // there must be one
  std::vector<Secret> files;
  std::size_t size = 0;
  for (const KeyFile& file : find_keys(directory, kAge)) {
    files.push_back(load_age_key(file).to_file());
    size += files.back().size();
  }
  Secret all(size);
  auto at = all.reveal().begin();
  for (const Secret& file : files) at = std::copy(file.reveal().begin(), file.reveal().end(), at);
  return all;
}

}  // namespace edge
