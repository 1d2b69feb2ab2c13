#include "ledger-client/cli/files.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>
#include <system_error>

#include "ledger-client/cli/errors.h"
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

}  // namespace ledger::cli
