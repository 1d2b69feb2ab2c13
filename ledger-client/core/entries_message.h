// The message on `…/ledger/entries` (ledger.md, Replication): whole lines, each ended by LF. The first is
// `{"from":m,"frontier":[hex…],"origin":…}`, the compact range before entry m; the entries m, m + 1, …
// follow. Pure and thread-safe.
#pragma once

#include <optional>

#include "ledger-client/core/limits.h"
#include "ledger-client/core/merkle.h"
#include "ledger-client/core/result.h"

namespace ledger {

struct EntriesMessage {
  std::string origin;
  std::uint64_t from = 0;
  std::vector<Hash> frontier;  // of [0, from), largest subtree first
  std::vector<std::string> lines;
};

// As many messages as are needed, in order, each at most kEntriesMessageBytes and complete in itself. None if
// there are no lines. Precondition: `frontier` belongs to `from`, and no line is longer than kMaxEntryBytes.
std::vector<std::string> encode_entries_messages(const EntriesMessage& batch);

// The log a message says it is about, by its first line alone; nothing if that is malformed.
std::optional<std::string> entries_message_origin(std::string_view bytes);

// Checks form and size; the lines are any text without LF, follow_chain judges them.
Result<EntriesMessage> decode_entries_message(std::string_view bytes);

}  // namespace ledger
