// Motions and votes in agent.db (crypto.md 5.3): a motion is a row, each vote an entry of the ledger, read
// back from it whenever votes are counted. Thread-safe.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <span>

#include "agent/adapters/agent_schema.h"
#include "agent/core/approval.h"
#include "agent/core/outcome.h"

namespace ledger {
class LogReader;
}

namespace edge {

struct MotionRow {
  ledger::Motion motion;
  std::string payload;
  ledger::TimePoint proposed{};
  std::optional<ledger::TimePoint> used;  // what it allows was done
  std::vector<ledger::AnchoredVote> votes;
  ledger::MotionTally tally;
};

// Whether something may be done now.
struct Approval {
  bool granted = false;
  std::optional<MotionRow> motion;  // that grants it, or that votes are missing of; none: nobody need approve
};

class ApprovalStore {
 public:
  struct Options {
    std::filesystem::path database;
    std::string origin;  // of the journal's log
    std::function<ledger::TimePoint()> now;
    std::function<void(std::span<std::uint8_t>)> fill_random;
  };
  ApprovalStore(ledger::Journal& journal, Options options);

  // What the configuration says, from now on; `lifetime`: of new motions.
  void use(ApprovalPolicy policy, std::chrono::milliseconds lifetime);
  ApprovalPolicy policy() const;

  // A Refusal (malformed) if nobody need approve it, or those who may are too few.
  Outcome<MotionRow> propose(const Deed& deed);
  std::vector<MotionRow> list(bool all);  // newest first; those that wait for votes or for their use, or all
  std::optional<MotionRow> find(std::uint64_t seq);
  // Anchored when it returns; the same vote again changes nothing. A Refusal (malformed) for what can't
  // count. A vote that contradicts an earlier one is taken: then neither counts, and everybody sees it.
  Outcome<MotionRow> vote(std::string_view jws);

  // Granted by a motion for exactly this that passed, was not used and has not expired. Where there is none
  // that votes could still make pass, one is proposed.
  Outcome<Approval> require(const Deed& deed);
  // The motion grants nothing more. In the caller's transaction: throws UsedUp if it was used before. The
  // other form has a transaction of its own, in which all are used up or none.
  struct UsedUp {};
  void use_up(ledger::sqlite::Database& database, const Approval& approval) const;
  Outcome<ledger::Done> use_up(std::span<const Approval> approvals);

  // Whether break_glass.allow may take effect: nobody need approve it, or the newest motion about it that
  // passed allows it. Fast.
  bool break_glass_stands() const { return glass_stands_; }

 private:
  std::vector<MotionRow> read(std::optional<std::uint64_t> seq);
  // The clock's time, or the newest entry's where the clock has gone back behind it: what expired before an
  // entry was made stays so.
  ledger::TimePoint now(const ledger::LogReader& log) const;
  ledger::TimePoint now();
  bool exhausted(const MotionRow& row) const;
  bool glass_stands();

  ledger::Journal& journal_;
  Options options_;
  SharedReader reader_;
  mutable std::mutex mutex_;  // guards what follows
  ApprovalPolicy policy_;
  std::chrono::milliseconds lifetime_{};
  std::mutex proposing_;  // one at a time, so that one refused command makes one motion
  std::atomic<bool> glass_stands_{false};
};

}  // namespace edge
