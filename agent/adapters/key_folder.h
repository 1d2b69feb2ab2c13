// The key files of a folder, by kind and number, and how one is read. Internal to key_files.h: its sources
// share it. Errors are SecretFileFault, which names the file, never its content.
#pragma once

#include "agent/adapters/key_files.h"
#include "agent/adapters/secret_file.h"

namespace edge::key_folder {

namespace fs = std::filesystem;

// Bytes an Ed25519 key is made from.
inline constexpr std::size_t kSeedBytes = 32;

// A kind of key file: `sign-N.pem` and so on.
struct Kind {
  std::string_view use;
  std::string_view extension;
};
inline constexpr Kind kSign{"sign", ".pem"};
inline constexpr Kind kLog{"log", ".skey"};
inline constexpr Kind kWitness{"witness", ".skey"};
inline constexpr Kind kAge{"age", ".txt"};

struct KeyFile {
  std::string id;  // use-N
  fs::path path;
};

[[noreturn]] void refuse(const fs::path& file, const std::string& why);

// N of `use-N.extension`; nothing for other files. No leading zero, so that a key has one name.
std::optional<unsigned long> number_of(const Kind& kind, std::string_view name);

// Newest, which has the highest number, first; those among systemd's credentials hide others of their name.
std::vector<KeyFile> find_keys(const fs::path& directory, const Kind& kind);
// That there is no key of the kind, and what makes one.
SecretFileFault missing(const fs::path& directory, const Kind& kind);
// Throws where there is none.
KeyFile newest_key(const fs::path& directory, const Kind& kind);
// The id of the key that comes after those that are there.
std::string next_id(const fs::path& directory, const Kind& kind);

// --- reading one, each with what must hold of it
SignKey load_sign_key(const KeyFile& file, const fs::path& directory, const ledger::Address& address);
SignKey load_token_key(const TokenKey& token, const fs::path& directory, const ledger::Address& address);
// Of whatever log of this agent: after a retirement the next one has a key, and a name, of its own.
LogKey load_log_key(const KeyFile& file, const ledger::Address& address);
LogKey load_witness_key(const KeyFile& file, const ledger::Address& address);
age::Identity load_age_key(const KeyFile& file);

}  // namespace edge::key_folder
