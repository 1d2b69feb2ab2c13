#include "tests/support/shared_data.h"

#include <cstdlib>
#include <fstream>
#include <iostream>

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

}  // namespace test_support
