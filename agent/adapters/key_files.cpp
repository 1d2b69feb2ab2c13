#include "agent/adapters/key_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "agent/adapters/certificates.h"
#include "agent/adapters/key_formats.h"
#include "agent/adapters/secret_file.h"
#include "ledger-client/core/base64.h"
#include "ledger-client/core/origin.h"
#include "ledger-client/core/time_text.h"

namespace edge {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSeedBytes = 32;

// A kind of key file: `sign-N.pem` and so on.
struct Kind {
  std::string_view use;
  std::string_view extension;
};
constexpr Kind kSign{"sign", ".pem"};
constexpr Kind kLog{"log", ".skey"};
constexpr Kind kWitness{"witness", ".skey"};
constexpr Kind kAge{"age", ".txt"};

struct KeyFile {
  std::string id;  // use-N
  fs::path path;
};

[[noreturn]] void refuse(const fs::path& file, const std::string& why) {
  throw std::runtime_error(file.string() + ": " + why);
}

// N of `use-N.extension`; nothing for other files. No leading zero, so that a key has one name.
std::optional<unsigned long> number_of(const Kind& kind, std::string_view name) {
  const std::string before = std::string(kind.use) + "-";
  if (!name.starts_with(before) || !name.ends_with(kind.extension) ||
      name.size() <= before.size() + kind.extension.size()) {
    return std::nullopt;
  }
  name.remove_prefix(before.size());
  name.remove_suffix(kind.extension.size());
  const bool digits = std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || name.front() == '0' || name.size() > 9) {
    return std::nullopt;
  }
  return std::stoul(std::string(name));
}

// Where keys are looked for, in this order.
std::vector<fs::path> key_folders(const fs::path& directory) {
  std::vector<fs::path> folders;
  if (auto credentials = credentials_directory()) {
    folders.push_back(std::move(*credentials));
  }
  folders.push_back(directory);
  return folders;
}

// Newest, which has the highest number, first.
std::vector<KeyFile> find_keys(const fs::path& directory, const Kind& kind) {
  std::map<unsigned long, KeyFile, std::greater<>> found;
  std::error_code none;
  for (const fs::path& folder : key_folders(directory)) {
    for (const auto& entry : fs::directory_iterator(folder, none)) {
      if (const auto number = number_of(kind, entry.path().filename().native())) {
        found.try_emplace(*number,
                          KeyFile{std::string(kind.use) + "-" + std::to_string(*number), entry.path()});
      }
    }
  }
  std::vector<KeyFile> keys;
  keys.reserve(found.size());
  for (auto& [number, key] : found) {
    keys.push_back(std::move(key));
  }
  return keys;
}

KeyFile newest_key(const fs::path& directory, const Kind& kind) {
  std::vector<KeyFile> keys = find_keys(directory, kind);
  if (keys.empty()) {
    refuse(directory, "no key " + std::string(kind.use) + "-N" + std::string(kind.extension));
  }
  return std::move(keys.front());
}

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

LogKey load_note_key(const KeyFile& file, ledger::NoteKeyType type) {
  const auto key = seed_from_skey(read_secret_file(file.path));
  if (!key) {
    refuse(file.path, "not the private key of a note signer");
  }
  std::unique_ptr<Signer> signer = make_ed25519_signer(key->seed);
  return {file.id, ledger::NoteKey{key->name, type, signer->public_key()}, std::move(signer)};
}

// Of whatever log of this agent: after a retirement the next one has a key, and a name, of its own.
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

ledger::TimePoint now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

// The start of a day, so that a peer whose clock is late takes what is signed right away.
std::string start_of_day(std::chrono::system_clock::time_point time) {
  return ledger::format_time(std::chrono::floor<std::chrono::days>(time));
}

// Of the day the file was made.
std::string valid_from(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) {
    refuse(file, "can't be examined");
  }
  return start_of_day(std::chrono::system_clock::from_time_t(status.st_mtime));
}

}  // namespace

fs::path key_path(const fs::path& directory, const std::string& name) {
  for (const fs::path& folder : key_folders(directory)) {
    if (fs::exists(folder / name)) {
      return folder / name;
    }
  }
  return directory / name;
}

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

std::string add_key(const fs::path& directory, const ledger::Address& address, ledger::KeyUse use) {
  initialise_cryptography();
  const Kind& kind = use == ledger::KeyUse::kSign ? kSign : use == ledger::KeyUse::kWitness ? kWitness : kAge;
  if (use == ledger::KeyUse::kLog) throw std::invalid_argument("add_key: a log's key comes with its log");
  const auto files = find_keys(directory, kind);
  const auto number = files.empty() ? 1 : *number_of(kind, files.front().path.filename().native()) + 1;
  const std::string id = std::string(kind.use) + "-" + std::to_string(number);
  const fs::path path = directory / (id + std::string(kind.extension));
  const Secret content = use == ledger::KeyUse::kSign ? pem_from_seed(random_secret(kSeedBytes))
                         : use == ledger::KeyUse::kWitness
                             ? skey_from_seed(address.witness_name(), random_secret(kSeedBytes))
                             : age::Identity::generate().to_file(ledger::format_time(now()));
  if (!create_secret_file(path, content)) refuse(path, "is there already");
  return id;
}

std::vector<PublicKeyText> public_keys(const fs::path& directory, const ledger::Address& address,
                                       ledger::KeyUse use, const std::optional<TokenKey>& token) {
  std::vector<PublicKeyText> keys;
  if (use == ledger::KeyUse::kSign) {
    for (const SignKey& key : load_sign_keys(directory, address, token))
      keys.push_back({key.id, ledger::base64url_encode(key.signer->public_key().bytes)});
  } else if (use == ledger::KeyUse::kAge) {
    for (const KeyFile& file : find_keys(directory, kAge))
      keys.push_back({file.id, load_age_key(file).recipient().to_text()});
  } else {
    for (const LogKey& key : use == ledger::KeyUse::kLog ? load_log_keys(directory, address)
                                                         : load_witness_keys(directory, address))
      keys.push_back({key.id, key.key.to_vkey()});
  }
  return keys;
}

ledger::TimePoint new_key_begins() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(
      std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()));
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

std::vector<std::string> generate_keys(const fs::path& directory, const ledger::Address& address) {
  initialise_cryptography();
  if (fs::create_directories(directory)) {
    fs::permissions(directory, fs::perms::owner_all);
  }
  std::vector<std::string> made;
  const auto make = [&](const Kind& kind, auto content) {
    const std::string name = std::string(kind.use) + "-1" + std::string(kind.extension);
    if (find_keys(directory, kind).empty() && create_secret_file(directory / name, content())) {
      made.push_back(name);
    }
  };
  make(kSign, [] { return pem_from_seed(random_secret(kSeedBytes)); });
  make(kLog, [&] { return skey_from_seed(address.origin(), random_secret(kSeedBytes)); });
  make(kWitness, [&] { return skey_from_seed(address.witness_name(), random_secret(kSeedBytes)); });
  make(kAge, [] { return age::Identity::generate().to_file(ledger::format_time(now())); });
  return made;
}

std::vector<LogKey> load_log_keys(const fs::path& directory, const ledger::Address& address) {
  initialise_cryptography();
  std::vector<LogKey> keys;
  for (const KeyFile& file : find_keys(directory, kLog)) keys.push_back(load_log_key(file, address));
  return keys;
}

LogKey add_log_key(const fs::path& directory, const ledger::Address& address, const std::string& origin) {
  initialise_cryptography();
  const auto files = find_keys(directory, kLog);
  const auto number = files.empty() ? 1 : *number_of(kLog, files.front().path.filename().native()) + 1;
  const fs::path path =
      directory / (std::string(kLog.use) + "-" + std::to_string(number) + std::string(kLog.extension));
  if (!create_secret_file(path, skey_from_seed(origin, random_secret(kSeedBytes))))
    refuse(path, "is there already");
  return load_log_key(newest_key(directory, kLog), address);
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

bool is_key_file(std::string_view name) {
  constexpr Kind kCertificate{"sign", ".crt"};
  for (const Kind& kind : {kSign, kCertificate, kLog, kWitness, kAge}) {
    if (number_of(kind, name)) return true;
  }
  return name == "tls.key" || name == "tls.crt" || name == "ca.crt";
}

std::string member_json(const fs::path& directory, const ledger::Address& address, const std::string& name,
                        const std::optional<TokenKey>& token) {
  initialise_cryptography();
  nlohmann::ordered_json keys = nlohmann::ordered_json::array();
  const auto add = [&](const Kind& kind, auto public_text) {
    std::vector<KeyFile> files = find_keys(directory, kind);
    for (auto file = files.rbegin(); file != files.rend(); ++file) {
      keys.push_back({{"id", file->id},
                      {"use", kind.use},
                      {"public", public_text(*file)},
                      {"from", valid_from(file->path)}});
    }
  };
  add(kSign, [&](const KeyFile& file) {
    return ledger::base64url_encode(load_sign_key(file, directory, address).signer->public_key().bytes);
  });
  if (token) {
    const SignKey key = load_token_key(*token, directory, address);
    keys.push_back({{"id", key.id},
                    {"use", kSign.use},
                    {"public", ledger::base64url_encode(key.signer->public_key().bytes)},
                    {"from", start_of_day(now())}});
  }
  add(kLog, [&](const KeyFile& file) { return load_log_key(file, address).key.to_vkey(); });
  add(kWitness, [&](const KeyFile& file) { return load_witness_key(file, address).key.to_vkey(); });
  add(kAge, [](const KeyFile& file) { return load_age_key(file).recipient().to_text(); });
  const nlohmann::ordered_json member = {{"address", address.text()},
                                         {"name", name},
                                         {"roles", {"hospital"}},
                                         {"status", "active"},
                                         {"keys", std::move(keys)}};
  return member.dump(2) + "\n";
}

}  // namespace edge
