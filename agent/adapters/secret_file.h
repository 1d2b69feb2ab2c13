// Files that hold a secret: read into locked memory, written so that they are whole or not there. Errors name
// the file, never its content.
#pragma once

#include <filesystem>
#include <optional>

#include "agent/core/secret.h"

namespace edge {

// $CREDENTIALS_DIRECTORY, where systemd puts a service's credentials; nothing if it is not set.
std::optional<std::filesystem::path> credentials_directory();

// Throws std::runtime_error if the file can't be read, is no regular file, belongs to another user than us or
// root, can be read or written by group or others, is empty or larger than 64 KiB.
// In the credentials directory a mode of 0440 is right: the group bits are the mask of systemd's access list
// there.
Secret read_secret_file(const std::filesystem::path& file);

// Durable, mode 0600. False if there is a file of that name already, which is then left as it is. Throws
// std::system_error.
bool create_secret_file(const std::filesystem::path& file, const Secret& content);

}  // namespace edge
