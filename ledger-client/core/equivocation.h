// Portable proof that a log signed two histories (ledger.md, Lies and accidents): whoever has the log's key
// can check it, offline. Its JSON is also the body of an `equivocation` entry and the evidence of an alert:
// `{"consistency":[hex…],"first":…,"origin":…,"prefix_root":hex,"second":…}`, consistency and prefix_root
// only where the sizes differ. Pure and thread-safe.
#pragma once

#include "ledger-client/core/checkpoint.h"
#include "ledger-client/core/proof.h"

namespace ledger {

// Room for the envelope of an entry is left (kMaxEntryBytes).
inline constexpr std::size_t kMaxEquivocationBytes = 7 * 1024;

// Two notes signed by one key of one origin. Sizes equal: roots differ. Else first.size < second.size, and
// `consistency` is a consistency proof from (first.size, prefix_root) to second's root although first's root
// is another.
struct Equivocation {
  std::string first, second;  // notes, reduced to text and the log's signature line
  std::optional<Hash> prefix_root;
  Proof consistency;
};

// Canonical JSON. Throws std::invalid_argument for what parse_equivocation would refuse. Two checkpoints of a
// log of ehr/ always fit.
std::string encode_equivocation(const Equivocation& proof);

// Form only, in one pass over canonical bytes: two notes of one signature line each, whose checkpoints are of
// the origin named; sizes in order; prefix_root and a non-empty consistency where they differ and only there.
Result<Equivocation> parse_equivocation(std::string_view json);

// The log that is accused. Precondition: `proof` comes from parse_equivocation or find_equivocation.
std::string accused_origin(const Equivocation& proof);

struct Conviction {
  std::string origin;
  Checkpoint first, second;
};
// Convicts or says why not; near misses never convict. `keys`: the origin's log keys (both signatures must be
// by one of them).
Result<Conviction> check_equivocation(const Equivocation& proof, std::span<const NoteKey> keys);

// Both notes verify under one key and contradict each other, as far as these values show: a proof if they do.
// The notes may come in either order and carry other signature lines; `prefix_root` and `consistency` are
// about the smaller one's size and count only where the sizes differ.
std::optional<Equivocation> find_equivocation(std::string_view first, std::string_view second,
                                              std::optional<Hash> prefix_root, const Proof& consistency,
                                              std::span<const NoteKey> keys);

}  // namespace ledger
