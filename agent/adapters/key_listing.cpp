// What is in the folder: the public parts of the keys, as the federation document lists them, and what is
// wrong with the files.
#include <sys/stat.h>

#include <nlohmann/json.hpp>
#include <system_error>

#include "agent/adapters/key_folder.h"
#include "agent/adapters/secret_file.h"
#include "ledger-client/core/base64.h"
#include "ledger-client/core/time_text.h"

namespace edge {

using namespace key_folder;

namespace {

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
                    {"from", start_of_day(std::chrono::system_clock::now())}});
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

bool holds_age_identity(const fs::path& directory) {
  return !find_keys(directory, kAge).empty();
}

std::vector<KeyFault> key_faults(const fs::path& directory, const fs::path& tls_key, bool sign_in_token) {
  std::vector<fs::path> files;
  std::vector<KeyFault> faults;
  std::error_code none;
  const bool made = fs::is_directory(directory, none);
  for (const Kind& kind : {kSign, kLog, kWitness, kAge}) {
    const auto keys = find_keys(directory, kind);
    for (const KeyFile& key : keys) files.push_back(key.path);
    if (!made || !keys.empty() || (sign_in_token && kind.use == kSign.use)) continue;
    const auto fault = missing(directory, kind);
    faults.push_back({fault.what(), fault.hint()});
  }
  if (fs::exists(tls_key, none)) files.push_back(tls_key);
  for (const fs::path& file : files) {
    try {
      check_secret_file(file);
    } catch (const SecretFileFault& fault) {
      faults.push_back({fault.what(), fault.hint()});
    } catch (const std::system_error& fault) {
      faults.push_back({fault.what(), "run it as root or as the service's user"});
    }
  }
  return faults;
}

}  // namespace edge
