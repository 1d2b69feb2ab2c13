// Notices that files the agent holds open are gone from their place: their folder was removed, or another
// disk was mounted over it. What is written to them then is lost with the process, and no write fails. Not
// thread-safe.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <vector>

namespace edge {

class StateWatch {
 public:
  // A file that is there now.
  void watch(std::filesystem::path file);
  // Those that are gone, or others, since they were watched; each once, again if it was back in between.
  std::vector<std::filesystem::path> newly_gone();

 private:
  struct Watched {
    std::filesystem::path file;
    dev_t device = 0;
    ino_t inode = 0;
    bool gone = false;
  };
  std::vector<Watched> watched_;
};

}  // namespace edge
