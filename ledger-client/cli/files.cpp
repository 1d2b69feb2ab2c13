#include "ledger-client/cli/files.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

#include "ledger-client/store/atomic_file.h"

namespace ledger::cli {

std::string read_input(const std::string& file, const std::string& hint) {
  std::ostringstream content;
  if (file == "-") {
    content << std::cin.rdbuf();
    return std::move(content).str();
  }
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw UserError(kNotFound, "cannot read " + file + ": " + std::strerror(errno), hint);
  if (stream.peek() != std::ifstream::traits_type::eof()) content << stream.rdbuf();
  if (stream.bad() || content.fail()) throw UserError(kNotFound, "cannot read " + file, hint);
  return std::move(content).str();
}

void write_output(const std::string& file, const std::string& content) {
  try {
    AtomicFile out(file, 0666);
    out.write(content);
    out.commit();
  } catch (const std::system_error& error) {
    throw UserError(kInputOutput, "cannot write " + std::string(error.what()));
  }
}

UserError unwritable(const std::filesystem::path& folder, const std::string& reason, bool disk_full) {
  return {kInputOutput, "cannot write to " + folder.string() + ": " + reason,
          disk_full ? "make room and run it again: nothing that was finished is lost"
                    : "it must be a folder that this user may write, and that nobody else is writing"};
}

UserError unwritable(const std::filesystem::path& folder, const std::system_error& error) {
  const auto& code = error.code();
  const bool full = code == std::errc::no_space_on_device || code == std::errc::file_too_large ||
                    code == std::error_code(EDQUOT, std::generic_category());
  std::string reason = error.what();
  // Its own words would name the path behind the reason.
  if (const auto* failure = dynamic_cast<const std::filesystem::filesystem_error*>(&error)) {
    const bool below = failure->path1() != folder;
    reason = (below ? failure->path1().string() + ": " : std::string()) + code.message();
  }
  return unwritable(folder, reason, full);
}

}  // namespace ledger::cli
