// Files that hold a secret: read into locked memory, written so that they are whole or not there. Errors name
// the file, never its content.
#pragma once

#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>

#include "agent/core/secret.h"

namespace edge {

// $CREDENTIALS_DIRECTORY, where systemd puts a service's credentials; nothing if it is not set.
std::optional<std::filesystem::path> credentials_directory();

// A file that holds no secret, or no longer one: what it is, and what its owner can do about it.
class SecretFileFault : public std::runtime_error {
 public:
  SecretFileFault(const std::filesystem::path& file, const std::string& what, std::string hint = {})
      : std::runtime_error(file.string() + ": " + what), hint_(std::move(hint)) {}
  const std::string& hint() const { return hint_; }

 private:
  std::string hint_;
};

// Throws SecretFileFault if the file is no regular file, belongs to another user than us or root, can be read
// or written by group or others, is empty or larger than 64 KiB; std::system_error if it can't be read.
// In the credentials directory a mode of 0440 is right: the group bits are the mask of systemd's access list
// there.
Secret read_secret_file(const std::filesystem::path& file);
// Throws what read_secret_file would, for whoever runs the service: us, or where we are root the owner of the
// file's folder.
void check_secret_file(const std::filesystem::path& file);

// Durable, mode 0600. False if there is a file of that name already, which is then left as it is. Throws
// std::system_error.
bool create_secret_file(const std::filesystem::path& file, const Secret& content);

}  // namespace edge
