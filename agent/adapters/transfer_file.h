// What spool and inbox do with files: whole reads and writes at a place, and making them durable. Private to
// them. Throws Unavailable, with the operation and the system's reason, never a path.
#pragma once

#include <filesystem>
#include <utility>

#include "ledger-client/core/bytes.h"

namespace edge {

// Throws Unavailable: `what`, and what errno says.
[[noreturn]] void unavailable(const char* what);

// An open file, or none (get() < 0) where it can't be opened. Created ones have mode 0600.
class File {
 public:
  File(const std::filesystem::path& path, int flags);
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return descriptor_; }
  int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

void write_all(int descriptor, ledger::ByteView bytes, std::uint64_t at);
// As many bytes as there are, at most `length`.
ledger::Bytes read_some(int descriptor, std::uint64_t at, std::uint64_t length);
void sync_directory(const std::filesystem::path& directory);

}  // namespace edge
