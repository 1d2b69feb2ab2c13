// A log as it is stored somewhere: a database of the journal's schema, or a directory of tiles. What
// verification, proofs and export need of it. Nothing that comes out of a source is trusted before verify_log
// has hashed it up to a signed root.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>

#include "ledger-client/core/proof.h"

namespace ledger {

// A stored log that can't be read at all: no ledger in the database, a missing file, a damaged page.
class UnreadableLog : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// It is there, but too damaged to be opened: a database's list of tables, an export's checkpoint.
class DamagedLog : public UnreadableLog {
 public:
  using UnreadableLog::UnreadableLog;
};

struct StoredEntry {
  std::uint64_t index = 0;
  std::string_view line;  // valid during the call
  Hash leaf{};            // as stored beside the line
};

struct StoredCheckpoint {
  std::uint64_t size = 0;
  std::string note;
};

// What vouches for the first `size` entries of a log that is still being copied: a checkpoint beyond them,
// and the consistency proof up to it.
struct Vouch {
  std::uint64_t size = 0;
  std::string note;
  Proof consistency;
};

// The stored nodes of one level in order.
class NodeCursor {
 public:
  virtual ~NodeCursor() = default;
  // The next node; nothing at the end.
  virtual std::optional<std::pair<std::uint64_t, Hash>> next() = 0;
};

// One thread at a time.
class LogSource {
 public:
  virtual ~LogSource() = default;

  virtual std::string origin() const = 0;
  // Entries that are stored, counted from the last one.
  virtual std::uint64_t size() const = 0;
  virtual std::optional<std::string> line(std::uint64_t index) const = 0;
  virtual std::optional<std::string> newest_checkpoint_note() const = 0;
  // The largest checkpoint that is known to be witnessed, where that is kept apart (replicas do).
  virtual std::optional<std::string> witnessed_note() const { return std::nullopt; }
  // Every checkpoint that is kept, smallest first.
  virtual std::vector<StoredCheckpoint> checkpoints() const = 0;
  // For the end of a log that is still being copied; nothing where checkpoints() covers all entries.
  virtual std::optional<Vouch> vouch() const { return std::nullopt; }
  // Hash of the complete subtree (level, index). Throws std::out_of_range if it is not stored.
  virtual Hash node(unsigned level, std::uint64_t index) const = 0;
  // The nodes of a level above 0; null if this kind of source stores none there.
  virtual std::unique_ptr<NodeCursor> nodes(unsigned level) const = 0;
  // Entries [from, to) in order, as far as they are there; stops early when `take` returns false.
  virtual void for_each_entry(std::uint64_t from, std::uint64_t to,
                              const std::function<bool(const StoredEntry&)>& take) const = 0;
};

}  // namespace ledger
