// The single-threaded heart of the journal: stages appends inside an open transaction and seals them with a
// signed checkpoint. Knows neither threads nor the guard. Memory runs ahead of the database until keep() or
// drop() says how the transaction ended.
#pragma once

#include <functional>
#include <optional>

#include "ledger-client/core/checkpoint.h"
#include "ledger-client/core/merkle.h"
#include "ledger-client/core/proof.h"
#include "ledger-client/core/time_text.h"
#include "ledger-client/store/log_reader.h"
#include "ledger-client/store/new_entry.h"

namespace ledger {

// The root in memory and the root from stored nodes disagree: memory or disk is damaged, and nothing may be
// signed.
class RootMismatch : public std::runtime_error {
 public:
  RootMismatch()
      : std::runtime_error(
            "the root in memory differs from the root of the nodes read back from the database") {}
};

struct SealedCheckpoint {
  Checkpoint checkpoint;
  std::string note;
};

using SignCheckpoint = std::function<std::string(const std::string& checkpoint_text)>;

class LogWriter {
 public:
  // Rebuilds the frontier from stored nodes. Throws std::out_of_range or UnreadableLog if what is stored is
  // incomplete.
  LogWriter(sqlite::Database& database, std::string origin);

  std::uint64_t size() const { return frontier_.size(); }
  Hash root() const { return frontier_.root(); }
  const std::vector<Hash>& frontier() const { return frontier_.nodes(); }

  // Stages one append at `now`; nothing of it stays when it fails or throws. The caller has begun a
  // transaction.
  std::optional<AppendError> stage(const std::vector<NewEntry>& entries, const InTransaction& statements,
                                   TimePoint now);
  const std::vector<std::string>& staged_lines() const { return lines_; }
  bool clock_held() const { return clock_held_; }

  // Writes the nodes, computes the root a second way, signs and stores the checkpoint. Throws RootMismatch.
  SealedCheckpoint seal(const SignCheckpoint& sign);
  // Inclusion of a staged entry in the tree that seal() made, from memory alone.
  Proof inclusion(std::uint64_t index) const;

  void keep();  // the transaction is committed
  void drop();  // it is rolled back

 private:
  // Nodes of the batch, and the frontier before it. Every sibling on the path of a new leaf is one of them or
  // below them.
  class BatchNodes {
   public:
    void start(std::uint64_t size, const std::vector<Hash>& frontier);
    void add(unsigned level, std::uint64_t index, const Hash& hash);
    Hash at(unsigned level, std::uint64_t index) const;

   private:
    struct Level {
      std::uint64_t first = 0;
      std::vector<Hash> hashes;
    };
    std::vector<Level> levels_;
  };

  void append_lines(const std::vector<NewEntry>& entries, TimePoint now);
  bool claim_unique(const std::vector<NewEntry>& entries);

  sqlite::Database& database_;
  LogReader reader_;
  std::string origin_;
  Frontier frontier_;  // committed
  Hash prev_{};
  TimePoint time_{};
  bool clock_held_ = false;
  // The batch:
  std::vector<std::string> lines_;
  std::vector<Hash> leaves_;
  Hash staged_prev_{};
  TimePoint staged_time_{};
  Frontier sealed_;
  BatchNodes nodes_;
};

}  // namespace ledger
