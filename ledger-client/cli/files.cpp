#include "ledger-client/cli/files.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

#include "ledger-client/cli/errors.h"

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
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  stream << content;
  stream.close();
  if (!stream) throw UserError(kInputOutput, "cannot write " + file + ": " + std::strerror(errno));
}

}  // namespace ledger::cli
