#include "ledger-client/store/atomic_file.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

using ledger::AtomicFile;

TEST_CASE(
    "a file that is committed takes the place of the old one, one that is not leaves it and nothing else") {
  const test_support::TempDir dir;
  const auto file = dir / "out";
  for (const bool commit : {true, false}) {
    AtomicFile out(file, 0600);
    out.write(commit ? "new" : "newer");
    if (commit) out.commit();
  }
  CHECK(test_support::read_file(file) == "new");
  CHECK(std::distance(std::filesystem::directory_iterator(dir.path()), {}) == 1);
  CHECK((std::filesystem::status(file).permissions() & std::filesystem::perms::all) ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}

TEST_CASE("who is killed while writing leaves nothing behind") {
  const test_support::TempDir dir;
  const int unnamed = ::open(dir.path().c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  if (unnamed < 0) return;  // a file system without files that have no name
  ::close(unnamed);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    AtomicFile out(dir / "out", 0600);
    out.write("half of a patient's record");
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(std::filesystem::is_empty(dir.path()));
}
