// The guard file (ledger.md, Rollback): outside the database, what was last signed. Two checksummed slots are
// written in turn with pwrite and fdatasync, so that a torn write leaves the older slot. A database ahead of
// its guard is normal (a crash between COMMIT and the guard); a guard ahead of its database is a rollback.
#pragma once

#include <filesystem>
#include <optional>
#include <stdexcept>

#include "ledger-client/core/checkpoint.h"

namespace ledger {

struct GuardRecord {
  Checkpoint checkpoint;
  std::string database_id;  // random, made with the database: tells a clone or another database
};

// Another process (or journal of this one) holds the guard file, and with it the log.
class GuardInUse : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Guard {
 public:
  // Opens or creates the file (mode 0600) and locks it: a second journal on the same guard, in this process
  // or another, is refused. Room for both slots is reserved now, so that no later write can find the disk
  // full. Throws std::system_error, or GuardInUse.
  explicit Guard(const std::filesystem::path& file);
  ~Guard();
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

  // The newest valid slot; nothing in a new file. Throws std::runtime_error if the file has content but no
  // valid slot.
  std::optional<GuardRecord> read() const;
  // Durable when it returns. Throws std::system_error; whether the record is on disk is then unknown.
  void write(const GuardRecord& record);
  // The file is gone from its place, or another is there: what is written here would be lost.
  bool moved() const;

 private:
  std::filesystem::path file_;
  int descriptor_ = -1;
  std::uint64_t sequence_ = 0;  // of the newest valid slot
};

}  // namespace ledger
