#include "agent/adapters/admin_key.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>

#include "agent/adapters/key_formats.h"
#include "agent/adapters/secret_file.h"
#include "ledger-client/core/canonical_json.h"

namespace edge {

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::size_t kSeedBytes = 32;

[[noreturn]] void fail(const fs::path& file) {
  throw std::system_error(errno, std::generic_category(), file.string());
}

std::vector<ledger::CastVote> read_votes(const fs::path& file) {
  std::vector<ledger::CastVote> votes;
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    if (fs::exists(file)) throw std::runtime_error(file.string() + ": can't be read");
    return votes;
  }
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto list = ledger::parse_json(text);
  const auto malformed = [&] {
    return std::runtime_error(file.string() + ": is not what this key has signed; restore it from a backup");
  };
  if (!list || !list->is_array()) throw malformed();
  for (const json& item : *list) {
    const bool whole = item.is_object() && item.contains("version") && item.contains("sha256") &&
                       item.contains("approved") && item["version"].is_number_unsigned() &&
                       item["sha256"].is_string() && item["approved"].is_boolean();
    const auto hash = whole ? ledger::hash_from_hex(item["sha256"].get<std::string>()) : std::nullopt;
    if (!hash) throw malformed();
    votes.push_back({item["version"].get<std::uint64_t>(), *hash, item["approved"].get<bool>()});
  }
  return votes;
}

void write_durably(const fs::path& file, const std::string& text) {
  const fs::path unfinished = file.string() + ".new";
  const int out = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (out < 0) fail(unfinished);
  const bool written =
      ::write(out, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(out) == 0;
  ::close(out);
  if (!written || ::rename(unfinished.c_str(), file.c_str()) != 0) fail(unfinished);
  const fs::path parent = fs::absolute(file).parent_path();
  const int directory = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) fail(parent);
  const bool synced = ::fsync(directory) == 0;
  ::close(directory);
  if (!synced) fail(parent);
}

}  // namespace

bool make_admin_key(const fs::path& file) {
  return create_secret_file(fs::absolute(file), pem_from_seed(random_secret(kSeedBytes)));
}

AdminKey::AdminKey(fs::path file) : file_(std::move(file)) {
  const auto seed = seed_from_pem(read_secret_file(file_));
  if (!seed) throw std::runtime_error(file_.string() + ": is no Ed25519 key in PKCS#8 PEM");
  signer_ = make_ed25519_signer(*seed);
  lock_ = ::open(file_.c_str(), O_RDONLY | O_CLOEXEC);
  if (lock_ < 0 || ::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    if (lock_ >= 0) ::close(lock_);
    throw std::runtime_error(file_.string() + ": another command is using this key");
  }
  try {
    cast_ = read_votes(votes_file());
  } catch (...) {
    ::close(lock_);
    throw;
  }
}

AdminKey::~AdminKey() {
  ::close(lock_);
}

fs::path AdminKey::votes_file() const {
  return file_.string() + ".votes";
}

void AdminKey::remember(const ledger::CastVote& vote) {
  cast_.push_back(vote);
  json list = json::array();
  for (const ledger::CastVote& one : cast_) {
    list.push_back(
        {{"version", one.version}, {"sha256", ledger::to_hex(one.sha256)}, {"approved", one.approved}});
  }
  write_durably(votes_file(), list.dump() + "\n");
}

}  // namespace edge
