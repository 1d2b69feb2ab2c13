#include "agent/daemon/state_watch.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;
using Files = std::vector<fs::path>;

TEST_CASE("a file that is removed, or another in its place, is told once until it is back") {
  const test_support::TempDir dir;
  const fs::path file = dir / "agent.db";
  std::ofstream(file) << "one";
  edge::StateWatch watch;
  watch.watch(file);
  CHECK(watch.newly_gone().empty());

  fs::rename(file, dir / "away");
  CHECK(watch.newly_gone() == Files{file});
  std::ofstream(file) << "another";
  CHECK(watch.newly_gone().empty());  // told already

  fs::rename(dir / "away", file);
  CHECK(watch.newly_gone().empty());
  fs::remove(file);
  CHECK(watch.newly_gone() == Files{file});
}

TEST_CASE("a file that was never there can't be watched") {
  const test_support::TempDir dir;
  edge::StateWatch watch;
  CHECK_THROWS_AS(watch.watch(dir / "nothing"), std::system_error);
}
