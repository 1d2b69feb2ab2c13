// New key files: the first of each kind, and the next.
#include <stdexcept>

#include "agent/adapters/key_folder.h"
#include "agent/adapters/key_formats.h"
#include "agent/adapters/secret_file.h"
#include "ledger-client/core/time_text.h"

namespace edge {

using namespace key_folder;

namespace {

ledger::TimePoint now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

}  // namespace

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

std::string add_key(const fs::path& directory, const ledger::Address& address, ledger::KeyUse use) {
  initialise_cryptography();
  const Kind& kind = use == ledger::KeyUse::kSign ? kSign : use == ledger::KeyUse::kWitness ? kWitness : kAge;
  if (use == ledger::KeyUse::kLog) throw std::invalid_argument("add_key: a log's key comes with its log");
  std::string id = next_id(directory, kind);
  const fs::path path = directory / (id + std::string(kind.extension));
  const Secret content = use == ledger::KeyUse::kSign ? pem_from_seed(random_secret(kSeedBytes))
                         : use == ledger::KeyUse::kWitness
                             ? skey_from_seed(address.witness_name(), random_secret(kSeedBytes))
                             : age::Identity::generate().to_file(ledger::format_time(now()));
  if (!create_secret_file(path, content)) refuse(path, "is there already");
  return id;
}

LogKey add_log_key(const fs::path& directory, const ledger::Address& address, const std::string& origin) {
  initialise_cryptography();
  const fs::path path = directory / (next_id(directory, kLog) + std::string(kLog.extension));
  if (!create_secret_file(path, skey_from_seed(origin, random_secret(kSeedBytes))))
    refuse(path, "is there already");
  return load_log_key(newest_key(directory, kLog), address);
}

ledger::TimePoint new_key_begins() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(
      std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()));
}

}  // namespace edge
