// Several secret files as one tar archive (POSIX ustar) in locked memory: what `keys backup` encrypts, so
// that `age -d` and `tar x` are enough to get the keys back. Pure and thread-safe.
#pragma once

#include <string>
#include <vector>

#include "agent/core/secret.h"
#include "ledger-client/core/result.h"

namespace edge {

inline constexpr std::size_t kMaxArchiveBytes = 16u << 20;

struct ArchivedFile {
  std::string name;  // at most 99 of a-z A-Z 0-9 . _ -, not starting with a dot
  Secret content;
};

// Throws std::invalid_argument for a name that may not be, or more than kMaxArchiveBytes in all.
Secret pack_archive(const std::vector<ArchivedFile>& files);
// Regular files with plain names alone; a folder, a link, a path, a name twice, a wrong checksum are
// Problems.
ledger::Result<std::vector<ArchivedFile>> unpack_archive(const Secret& archive);

}  // namespace edge
