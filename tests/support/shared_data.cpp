#include "tests/support/shared_data.h"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>

#include <catch2/catch.hpp>

namespace test_support {

namespace fs = std::filesystem;

std::optional<fs::path> shared_data(const std::string& relative) {
  const char* root = std::getenv("EHR_SHARED");
  const fs::path file = (root != nullptr ? fs::path(root) : source_root() / ".." / "shared") / relative;
  if (fs::exists(file)) return file;
  const char* ci = std::getenv("CI");
  if (ci != nullptr && std::string(ci) == "true") FAIL("missing in CI: shared data " << relative);
  std::cerr << "left out: needs shared data " << relative << '\n';
  if (const char* left_out = std::getenv("EHR_LEFT_OUT"))
    std::ofstream(left_out, std::ios::app) << relative << '\n';
  return std::nullopt;
}

fs::path source_root() {
  return EHR_SOURCE_DIR;
}

std::string read_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error("can't read " + file.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace test_support
