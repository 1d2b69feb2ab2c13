// Files that commands write at the wish of their user (`-o`), for both programs.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace ledger {

// A file that appears whole under its name, or not at all: written beside it, synced, renamed by commit();
// until then, and whenever something fails, the old one stays. A link stays one, and what it names is
// replaced. What is there and no file (a device, a FIFO) is never replaced but written to as the bytes come.
// Every member throws std::system_error that names the file. For one thread at a time.
class AtomicFile {
 public:
  // `mode` as for open(2): the umask takes its part.
  AtomicFile(std::filesystem::path file, mode_t mode);
  ~AtomicFile();  // removes what was not committed
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  void write(std::string_view bytes);
  void commit();
  // There will be a file of that name, beside which others may lie.
  bool is_file() const { return !temporary_.empty(); }

 private:
  std::filesystem::path file_;
  std::string temporary_;
  int descriptor_ = -1;
};

}  // namespace ledger
