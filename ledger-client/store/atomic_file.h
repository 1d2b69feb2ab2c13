// Files that commands write at the wish of their user (`-o`), for both programs.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace ledger {

// A file that appears whole under its name, or not at all: written in the same folder, synced, renamed by
// commit(); until then, and whenever something fails, the old one stays. Nothing is left behind by who is
// interrupted or killed, where the file system has files without a name (O_TMPFILE). A link stays one, and
// what it names is replaced. What is there and no file (a device, a FIFO) is never replaced but written to as
// the bytes come. Every member throws std::system_error that names the file. For one thread at a time.
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
  void open_temporary(mode_t mode);

  std::filesystem::path file_;
  std::string temporary_;  // what is renamed
  bool named_ = false;     // it is there already
  int descriptor_ = -1;
};

}  // namespace ledger
