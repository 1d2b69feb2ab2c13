// The rows of a replica: what Replica decides is written here. The database has the journal's tables, and
// beside them what vouches for a copy that is not complete (schema.h). One thread at a time.
#pragma once

#include "ledger-client/core/checkpoint.h"
#include "ledger-client/store/log_reader.h"

namespace ledger {

// Nodes and lines that a batch adds, verified and not yet stored.
struct StagedEntry {
  std::string_view line;
  Hash leaf{};
};
struct StagedNode {
  unsigned level = 0;  // above 0: a leaf hash stands in its entry's row
  std::uint64_t index = 0;
  Hash hash{};
};

enum class KeptKind {
  kNewest,          // the newest signed checkpoint that was seen
  kWitnessed,       // the largest witnessed one over entries that are here
  kWitnessedAhead,  // a witnessed one whose entries are still missing
};

class ReplicaTables {
 public:
  // Creates or opens. Throws std::runtime_error if it is the database of another log or of a journal, and
  // sqlite::SqliteError.
  ReplicaTables(const std::filesystem::path& file, const std::string& origin);

  LogReader& reader() { return reader_; }
  const LogReader& reader() const { return reader_; }
  sqlite::Database& database() { return database_; }

  // All of the rest: the caller has begun a transaction.
  void add(std::uint64_t first_index, std::span<const StagedEntry> entries,
           std::span<const StagedNode> nodes);
  // What vouches for the first `size` entries; of each block of sizes the last is kept, as of checkpoints.
  void store_vouch(const Vouch& vouch);
  std::optional<std::string> note(KeptKind kind) const;
  void set_note(KeptKind kind, const std::string& note);
  void forget_note(KeptKind kind);
  // Replaces the note of the checkpoint of this size, if one is stored (more cosignatures).
  void replace_checkpoint(std::uint64_t size, const std::string& note);
  // Everything of the log behind its first `size` entries goes.
  void cut(std::uint64_t size);

  // Checkpoints and vouches for at most `limit` entries, largest first.
  std::vector<Vouch> vouches(std::uint64_t limit) const;

 private:
  mutable sqlite::Database database_;
  LogReader reader_;
};

}  // namespace ledger
