// What a witness must never forget, and what was learnt about other logs (network.db): the largest tree
// cosigned of each log, the witnessed checkpoint of the own log, convictions. synchronous=FULL: a commit is
// durable when the call returns. One thread at a time.
//
// Order: store() commits, then the caller signs and publishes. A crash between both loses a signature, never
// a memory.
#pragma once

#include <filesystem>
#include <vector>

#include "ledger-client/core/key_validity.h"
#include "ledger-client/core/witness.h"
#include "ledger-client/store/sqlite.h"

namespace edge {

struct WitnessedTree {
  ledger::Checkpoint checkpoint;
  std::string note;  // text and verified signature lines only
};

struct ConvictedLog {
  std::string origin;
  std::string proof;                 // canonical JSON of the equivocation
  std::uint64_t witnessed_size = 0;  // what was witnessed before stays valid
};

// The ends of keys in somebody's log, as far as it was read.
struct ReadKeyEnds {
  std::uint64_t size = 0;
  ledger::KeyEnds ends;
};

class WitnessStore {
 public:
  explicit WitnessStore(const std::filesystem::path& database);

  std::optional<ledger::WitnessRecord> record(const std::string& origin);
  // Remembers the trees in one transaction and returns those that may be signed: never a smaller size than
  // before, never another root of the same size. The caller has verified that each extends the tree recorded
  // before.
  std::vector<WitnessedTree> store(std::vector<WitnessedTree> trees);

  // The newest witnessed checkpoint of the own log, with its cosignatures.
  std::string own_witnessed(const std::string& origin);
  void set_own_witnessed(const std::string& origin, const std::string& note);

  void convict(const ConvictedLog& log);  // again: nothing changes
  std::vector<ConvictedLog> convicted();
  // Convictions found here, whose proof is still to be anchored on the own log: noted before it is tried.
  void set_to_anchor(const std::string& origin, bool to_anchor);
  std::vector<ConvictedLog> to_anchor();

  // The hour a peer-checkpoint of the log was last recorded in.
  ReadKeyEnds key_ends(const std::string& origin);
  void set_key_ends(const ReadKeyEnds& read);

  std::string recorded_hour(const std::string& origin);
  void set_recorded_hour(const std::string& origin, const std::string& hour);

 private:
  std::string meta(const std::string& key);
  void set_meta(const std::string& key, const std::string& value);

  ledger::sqlite::Database database_;
};

}  // namespace edge
