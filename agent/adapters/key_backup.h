// All private keys of an agent as one archive, and back (trust.md, Keys). Errors name files, never contents.
// Not thread-safe against changes of the folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "agent/core/key_archive.h"
#include "ledger-client/core/address.h"

namespace edge {

// Every key file of the folder, certificates beside them, and backup.json, which says whose they are. The
// archive is plaintext, in locked memory: it goes nowhere but into age. Throws std::runtime_error as
// load_keys does: what can't be loaded is not worth keeping.
struct KeyBackup {
  Secret archive;
  std::vector<std::string> names;
};
KeyBackup backup_keys(const std::filesystem::path& directory, const ledger::Address& address,
                      const std::string& agent_name, const std::string& created);

// Writes the files of an archive that are not there yet, each of mode 0600. All is checked before the first
// is written: a foreign address, a name no key has, a file that is there with other content are Problems.
struct KeyRestore {
  std::vector<std::string> made, kept;  // kept: was there already, the same
};
ledger::Result<KeyRestore> restore_keys(const Secret& archive, const std::filesystem::path& directory,
                                        const ledger::Address& address);

}  // namespace edge
