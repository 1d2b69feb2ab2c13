// Appends to the journal of a directory, one entry after the other, and reports each outcome on standard
// output as soon as it is known: what a fault test kills, starves and interrupts. usage: journal_appender DIR
// FIRST COUNT [FILE_LIMIT] With FILE_LIMIT no file may grow beyond so many bytes until the first refusal,
// which stands for a disk that is full and then has room again.
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "tests/support/test_log.h"

namespace {

void say(const std::string& line) {
  const auto text = line + '\n';
  if (::write(STDOUT_FILENO, text.data(), text.size()) < 0) ::_exit(3);
}

void limit_files(rlim_t bytes) {
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes == 0 ? limit.rlim_max : bytes;
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

std::string outcome(ledger::Journal& journal, std::uint64_t number) {
  try {
    const auto appended = journal.append({test_support::issued(number)});
    if (appended) return "ok " + std::to_string(appended->entries[0].index);
    switch (appended.error()) {
      case ledger::AppendError::kDiskFull:
        return "full";
      case ledger::AppendError::kFrozen:
        return "frozen " + journal.frozen();
      case ledger::AppendError::kDuplicate:
        return "duplicate";
    }
  } catch (const std::exception& fault) {
    return std::string("fault ") + fault.what();
  }
  return "";
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 4) return 64;
  const test_support::LogKey key(test_support::kOrigin);
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    ledger::Journal journal(test_support::journal_options(arguments[1], key));
    if (!journal.frozen().empty()) {
      say("frozen " + journal.frozen());
      return 2;
    }
    if (count > 4) limit_files(std::stoul(arguments[4]));
    const auto first = std::stoull(arguments[2]);
    for (auto number = first; number < first + std::stoull(arguments[3]); ++number) {
      const auto what = outcome(journal, number);
      if (what == "full") limit_files(0);
      say(what);
    }
  } catch (const std::exception& error) {
    say(std::string("error ") + error.what());
    return 1;
  }
  return 0;
}
