// Ledger entries (ledger.md, Entry): one line of canonical JSON, at most 8 KiB, chained by `prev`. Structure
// and meaning are apart: parse_entry checks form, chain and order; entry_rules.h checks what a known type
// must say. Pure and thread-safe.
#pragma once

#include "ledger-client/core/bytes.h"
#include "ledger-client/core/result.h"
#include "ledger-client/core/time_text.h"

namespace ledger {

inline constexpr std::size_t kMaxEntryBytes = 8 * 1024;

struct Entry {
  std::uint64_t index = 0;
  std::string origin;
  Hash prev{};
  TimePoint time{};
  std::string type;
  std::string body;  // canonical JSON of the body object
};

// `prev` of entry 0: SHA-256 of the origin. Of any other entry: SHA-256 of the bytes of the one before.
Hash first_prev(std::string_view origin);

// The canonical line without LF. `body` must be canonical already. Throws std::invalid_argument over
// kMaxEntryBytes.
std::string encode_entry(const Entry& entry);

// A line without LF. Single pass over the bytes: canonical form (the bytes must be what encode_entry would
// write, v = 1), member set, size. Does not look into the body beyond its canonical form.
Result<Entry> parse_entry(std::string_view line);

// The same without a copy: the views point into the line.
struct EntryView {
  std::uint64_t index = 0;
  std::string_view origin;
  Hash prev{};
  TimePoint time{};
  std::string_view type;
  std::string_view body;
};
Result<EntryView> scan_entry(std::string_view line);

// The chain: what a replica demands of the next line. `expected_index`, `expected_prev` and the origin must
// fit.
struct ChainState {
  std::string origin;
  std::uint64_t next_index = 0;
  Hash prev{};
  TimePoint last_time{};  // time never decreases
};
ChainState chain_start(std::string origin);
// Checks and advances; on a Problem the state is unchanged.
Result<Entry> follow_chain(ChainState& state, std::string_view line);
Result<EntryView> follow_chain_view(ChainState& state, std::string_view line);

}  // namespace ledger
