// Verification of a whole stored log in one pass: chain, tree, stored nodes, checkpoint signatures and the
// rules of entry types.
#pragma once

#include <functional>
#include <optional>
#include <span>

#include "ledger-client/core/checkpoint.h"
#include "ledger-client/store/log_source.h"

namespace ledger {

struct VerifyOptions {
  // Entries are ehr-agent's lines, chained by `prev`. False for the log of another system: then only the tree
  // counts.
  bool chain = true;
  // Chain and meaning are checked on a second thread, while this one reads and hashes: for who waits for it
  // and has the processor to himself. The report is the same.
  bool second_thread = false;
  // False: checkpoints are compared with the tree, but their signatures are not checked (no keys at hand).
  bool signatures = true;
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;  // now and then
};

// What is wrong, and at which entry: of a node the first entry below it, of a checkpoint the last entry it
// covers. kNothing: there is neither an entry nor a checkpoint nor a node, so nothing is wrong and nothing is
// shown either, as of a replica that waits for its first entries.
struct LogFault {
  enum class Kind { kEntry, kNode, kCheckpoint, kNothing };
  Kind kind = Kind::kEntry;
  std::uint64_t index = 0;
  std::string reason;
};

// A known type whose body breaks its schema or rule: stored, but without effect.
struct VoidEntry {
  std::uint64_t index = 0;
  std::string type;
  std::string reason;
};

struct VerifyReport {
  std::string origin;
  std::uint64_t entries = 0;        // verified
  std::uint64_t checkpoints = 0;    // whose signature and root were verified
  std::uint64_t unknown_types = 0;  // entries of types this program does not know
  std::uint64_t void_count = 0;
  std::vector<VoidEntry> void_entries;   // the first kMaxListedVoid of them
  std::optional<Checkpoint> checkpoint;  // the newest one that verified, over entries that are here
  // A copy that is not complete: what vouches, by a consistency proof, for the entries behind `checkpoint`.
  std::optional<Checkpoint> beyond;
  std::optional<LogFault> fault;  // the first one; verification ends there

  static constexpr std::size_t kMaxListedVoid = 100;
};

// `keys`: the log keys of the origin, a checkpoint must be signed by one of them.
VerifyReport verify_log(const LogSource& source, std::span<const NoteKey> keys,
                        const VerifyOptions& options = {});

}  // namespace ledger
