// kill -9 in the middle of an import: the file in work leaves nothing, the ones before it stay, the next
// import completes.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "deploy/sample/patient_generator.h"
#include "tests/unit/edge_his/his_fixture.h"

using namespace his_test;

namespace {

// Imports in a process that kills itself at the nth report of progress. True if it died of that.
bool import_and_die(const std::filesystem::path& database, const std::filesystem::path& in, int reports) {
  const pid_t child = fork();
  if (child == 0) {
    try {
      edge::his::SqliteStore store(database);
      int seen = 0;
      import_files(store, {in},
                   [&](const edge::his::ImportProgress&) {
                     if (++seen == reports) kill(getpid(), SIGKILL);
                   },
                   {});
    } catch (...) {
      _exit(3);
    }
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

}  // namespace

TEST_CASE("an import that was killed anywhere is completed by the next one") {
  Hospital reference;
  for (std::uint64_t index = 0; index < 3; ++index)
    reference.file("in/" + std::to_string(index) + ".json",
                   as_bundle(sample::generate_patient({31, index, 1'400'000})));
  const auto in = reference.dir / "in";
  const Imported whole = reference.import({in});
  REQUIRE(told(whole) == "");
  const std::string expected = fingerprint(reference.database);

  const test_support::TempDir dir;
  const auto database = dir / "his.db";
  // In the middle of the first file; after it; after the second; in the middle of the third.
  int deaths = 0;
  for (const int reports : {2, 3, 4, 4}) deaths += import_and_die(database, in, reports) ? 1 : 0;
  CHECK(deaths == 4);

  edge::his::SqliteStore store(database);
  std::uint64_t rejected = 0;
  const auto progress = import_files(store, {in}, {}, [&](const edge::his::Rejected&) { ++rejected; });
  CHECK(rejected == 0);
  CHECK(progress.unchanged_files == 2);
  CHECK(fingerprint(database) == expected);
}
