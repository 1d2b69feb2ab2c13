// Makes a journal, or lets one grow, until it has so many entries, and prints its log's verifier key.
// usage: make_log DIRECTORY SIZE [ORIGIN]
#include <cstdio>

#include "tests/support/test_log.h"

int main(int argc, char** argv) {
  if (argc < 3 || argc > 4) return 64;
  const std::filesystem::path directory = argv[1];
  const std::uint64_t size = std::stoull(argv[2]);
  std::filesystem::create_directories(directory);
  const test_support::LogKey key(argc == 4 ? argv[3] : test_support::kOrigin);
  ledger::Journal journal(test_support::journal_options(directory, key));
  while (journal.checkpoint().size < size) {
    const auto from = journal.checkpoint().size;
    std::vector<ledger::NewEntry> entries;
    for (auto i = from; i < std::min(size, from + 500); ++i) entries.push_back(test_support::issued(i));
    if (!journal.append(std::move(entries))) return 1;
  }
  std::printf("%s\n", key.key().to_vkey().c_str());
  return 0;
}
