// How far a log has come (ledger.md): entries are durable when committed, signed when a checkpoint covers
// them, witnessed when a checkpoint over them has its quorum of cosignatures.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ledger-client/cli/trust.h"
#include "ledger-client/core/checkpoint.h"
#include "ledger-client/store/log_source.h"

namespace ledger::cli {

struct LogStates {
  std::uint64_t signed_size = 0;
  std::uint64_t witnessed_size = 0;
  std::vector<NoteSigner> cosigners;  // of the newest checkpoint that has any, verified

  const char* of(std::uint64_t index) const;
};

// Of a stored log; signatures are verified, entries are not. Empty where its key is not known.
LogStates states_of(const LogSource& log, const Trust& trust);

// "2 witnesses (ehr/10-20-0-6, ehr/10-20-0-7)".
std::string witnesses_for_people(const std::vector<NoteSigner>& cosigners);

// Brings cosignature lines, which travel alone, together with the checkpoints they belong to. Knows the last
// checkpoints of one log.
class Cosignatures {
 public:
  Cosignatures(std::string origin, std::vector<NoteKey> log_keys, const Trust& trust);

  // A checkpoint as published. Nothing else is remembered of one that is not signed by the log.
  void take_checkpoint(const std::string& note);
  // A line of a witness; whichever came first waits for the other. Lines that fit no checkpoint are dropped
  // when others take their place.
  void take_cosignature(const std::string& line);

  // The largest checkpoint that is witnessed, with the lines that make it so.
  const std::optional<SignedCheckpoint>& witnessed() const { return witnessed_; }

 private:
  static constexpr std::size_t kMaxCheckpoints = 32;
  static constexpr std::size_t kMaxWaiting = 64;

  bool attach(const std::string& line);

  std::string origin_;
  std::vector<NoteKey> log_keys_;
  const Trust& trust_;
  std::map<std::uint64_t, SignedCheckpoint> checkpoints_;  // by size
  std::vector<std::string> waiting_;
  std::optional<SignedCheckpoint> witnessed_;
};

}  // namespace ledger::cli
