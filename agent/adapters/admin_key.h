// An admin's key file (Ed25519, PKCS#8 PEM, mode 0600) and, beside it, what it has signed (`<file>.votes`):
// so that the tool never signs two contradictory things. Errors name the file, never its content.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "agent/core/signing.h"
#include "ledger-client/core/federation_draft.h"

namespace edge {

// False if there is a file of that name already, which is then left as it is.
bool make_admin_key(const std::filesystem::path& file);

// Held by one process at a time. Not thread-safe.
class AdminKey {
 public:
  // Throws std::runtime_error or std::system_error: no key there, open to others, in use, votes unreadable.
  explicit AdminKey(std::filesystem::path file);
  ~AdminKey();
  AdminKey(const AdminKey&) = delete;
  AdminKey& operator=(const AdminKey&) = delete;

  const Signer& signer() const { return *signer_; }
  const std::vector<ledger::CastVote>& cast() const { return cast_; }
  // Durable before it returns: to be called before the vote leaves the process.
  void remember(const ledger::CastVote& vote);

 private:
  std::filesystem::path votes_file() const;

  std::filesystem::path file_;
  int lock_ = -1;
  std::unique_ptr<Signer> signer_;
  std::vector<ledger::CastVote> cast_;
};

}  // namespace edge
