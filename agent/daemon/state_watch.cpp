#include "agent/daemon/state_watch.h"

#include <sys/stat.h>

#include <cerrno>
#include <system_error>

namespace edge {

void StateWatch::watch(std::filesystem::path file) {
  struct stat now {};
  if (::stat(file.c_str(), &now) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot look at " + file.string());
  watched_.push_back({std::move(file), now.st_dev, now.st_ino});
}

std::vector<std::filesystem::path> StateWatch::newly_gone() {
  std::vector<std::filesystem::path> found;
  for (auto& one : watched_) {
    struct stat now {};
    const bool there =
        ::stat(one.file.c_str(), &now) == 0 && now.st_dev == one.device && now.st_ino == one.inode;
    if (!there && !one.gone) found.push_back(one.file);
    one.gone = !there;
  }
  return found;
}

}  // namespace edge
