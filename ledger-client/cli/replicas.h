// A directory of replicas: one database for each log, `10-20-0-5.db`. Takes entries from stored logs and from
// the messages of a broker; everything is checked against the log's own signed checkpoints. Knows no broker.
#pragma once

#include <filesystem>
#include <functional>

#include "ledger-client/cli/states.h"
#include "ledger-client/core/entries_message.h"
#include "ledger-client/core/equivocation.h"
#include "ledger-client/store/replica.h"

namespace ledger::cli {

// The file of a log's replica. Throws UserError for an origin that is not an agent's.
std::filesystem::path replica_file(const std::filesystem::path& directory, const std::string& origin);

// One log that is being replicated.
class ReplicatedLog {
 public:
  ReplicatedLog(const std::filesystem::path& directory, const std::string& origin, const Trust& trust);

  const std::string& origin() const { return replica_.origin(); }
  const Replica& replica() const { return replica_; }
  // What had to be repaired at opening; empty in good order.
  const std::string& repaired() const { return replica_.repaired(); }
  // The largest size a signed checkpoint is known for.
  std::uint64_t target() const;
  bool complete() const { return target() <= replica_.size(); }
  std::uint64_t witnessed_size() const;

  // All that `source` holds of this log beyond what is here. Returns what is wrong with the source; what was
  // verified until then is kept.
  std::string fill(const LogSource& source,
                   const std::function<void(std::uint64_t done, std::uint64_t total)>& progress = {});

  // Messages of the broker. Each returns what is wrong with the message, empty in good order. Entries wait in
  // memory until a checkpoint vouches for them and no entry is missing before them.
  std::string take_entries(const std::string& message);
  std::string take_checkpoint(const std::string& note);
  void take_cosignature(const std::string& line);
  // Entries that wait begin behind this one, the first that is missing; nothing if none is missing.
  std::optional<std::uint64_t> gap_end() const;
  // After a gap was filled from elsewhere.
  std::string take_waiting() { return commit(); }

  // The log signed two histories: a note beside the database says which checkpoint contradicts, and nothing
  // is taken any more until somebody removes it.
  bool frozen() const { return !contradiction_.empty(); }
  const std::string& contradiction() const { return contradiction_; }

 private:
  static constexpr std::size_t kMaxWaitingBytes = 32U << 20U;
  static constexpr std::size_t kMaxNotes = 32;

  std::string judge(const Result<Done, ReplicaRefusal>& result);
  std::optional<Equivocation> proof_of(const std::string& signed_note);
  std::string commit();
  void drop_waiting();
  void remember_witnessed();

  std::vector<NoteKey> log_keys_;
  std::vector<NoteKey> keys_;  // of the log, and of witnesses
  Replica replica_;
  Cosignatures cosignatures_;
  std::filesystem::path evidence_;
  std::string contradiction_;
  std::uint64_t waiting_from_ = 0;
  std::vector<std::string> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::map<std::uint64_t, std::string> notes_;  // signed checkpoints beyond what is held, by size
};

}  // namespace ledger::cli
