// One member's log as this agent follows it: the verified replica, what is known to be missing, and the
// cosignatures that came. Decides nothing about liars; it tells. One thread at a time (the ledger network's).
#pragma once

#include <chrono>
#include <functional>

#include "agent/core/catch_up.h"
#include "agent/core/outcome.h"
#include "ledger-client/core/cosignatures.h"
#include "ledger-client/core/entries_message.h"
#include "ledger-client/store/replica.h"

namespace edge {

class FollowedLog {
 public:
  using Time = CatchUp::Time;

  struct Outside {
    std::function<void(const RangeAsk&)> ask;  // answered() follows once for each
    // A checkpoint with a valid signature contradicts what is held.
    std::function<void(const std::string& signed_note)> contradiction;
    std::function<void(const std::string& what)> note;  // for the log of this service
  };
  struct Identity {
    ledger::Address owner;
    std::string origin;
    std::vector<ledger::NoteKey> keys;
    std::vector<ledger::NoteKey> witnesses;  // without the owner's own
    std::uint64_t quorum = 0;
    bool operator==(const Identity&) const = default;
  };

  FollowedLog(Identity identity, const std::filesystem::path& database, std::vector<ledger::Address> peers,
              Outside outside);

  const Identity& identity() const { return identity_; }
  ledger::Replica& replica() { return replica_; }
  const ledger::Replica& replica() const { return replica_; }
  // The largest size a valid checkpoint spoke of.
  std::uint64_t known_size() const { return std::max(replica_.size(), catch_up_.target()); }
  bool caught_up() const { return replica_.size() >= catch_up_.target(); }
  // The largest tree that a quorum of witnesses cosigned and that is held.
  std::uint64_t witnessed_size() const { return witnessed_size_; }
  // The newest note that covers exactly what is held, for a witness to cosign; empty if there is none.
  std::string note_of_what_is_held() const { return held_note_; }

  // From the broker; what does not fit is dropped and fetched.
  void take_entries(std::string_view message);
  void take_checkpoint(std::string_view note, Time now);
  // True if it made a newer checkpoint witnessed.
  bool take_cosignature(std::string_view line, const ledger::NoteKey& witness);

  void answered(const RangeAsk& ask, const Outcome<std::string>& answer, Time now);
  void ask_on(Time now);
  // What is damaged is cut off and fetched again; false if nothing is. Reads the whole replica.
  bool heal(Time now);

 private:
  void append_held(std::string_view note, std::uint64_t size);
  bool append(const ledger::ReplicaBatch& batch);
  void take_pieces(Time now);
  void remember(std::string_view note);

  static constexpr std::size_t kMaxHeldBytes = 4U << 20U;

  Identity identity_;
  Outside outside_;
  ledger::Replica replica_;
  CatchUp catch_up_;
  std::vector<ledger::NoteKey> keys_;  // the log's and its witnesses'
  ledger::Cosignatures cosignatures_;
  std::uint64_t witnessed_size_ = 0;
  std::string held_note_;
  // Heard, but not vouched for yet.
  std::uint64_t held_from_ = 0;
  std::vector<std::string> held_;
  std::size_t held_bytes_ = 0;
  // Answers that overtook, by their first index.
  struct Piece {
    ledger::Address peer;
    ledger::ReplicaBatch batch;
  };
  std::map<std::uint64_t, Piece> pieces_;
};

}  // namespace edge
