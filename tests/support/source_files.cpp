// Apart from shared_data.cpp, which needs the test framework: benchmarks use this too.
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "tests/support/shared_data.h"

namespace test_support {

std::filesystem::path source_root() {
  return EHR_SOURCE_DIR;
}

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error("can't read " + file.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace test_support
