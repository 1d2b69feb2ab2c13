// What a journal is asked to append, and how it may refuse.
#pragma once

#include <functional>
#include <string>

#include "ledger-client/store/sqlite.h"

namespace ledger {

struct NewEntry {
  std::string type;
  std::string body;  // canonical JSON
  // Entries of one request are unique by (type, peer, request id): "<peer> <request>". Empty: no such rule
  // for this entry.
  std::string unique_key;
};

// An append that can't be made. `kDuplicate`: an entry with the same type and unique_key exists. `kDiskFull`:
// low-water mark reached or SQLITE_FULL. `kFrozen`: the journal refuses to sign (rollback found, or an
// earlier commit in doubt).
enum class AppendError { kDuplicate, kDiskFull, kFrozen };

// The statements of an append run on the journal's connection, inside its transaction and before the entries
// are inserted. If they throw, that append alone is rolled back and gets the exception (kDiskFull where it
// was that). They must not end the transaction. `first_index` is the index the append's first entry gets.
using InTransaction = std::function<void(sqlite::Database&, std::uint64_t first_index)>;

}  // namespace ledger
