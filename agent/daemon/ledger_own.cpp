// The ledger network and the agent's own log: its cosignatures, the comparison before anything is signed, and
// recovery after an accident (ledger.md, Rollback).
#include "agent/daemon/ledger_network.h"
#include "agent/daemon/log.h"

namespace edge {

namespace {

constexpr std::chrono::seconds kRecoveryPatience{30};  // without progress

std::string entries_text(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " entry" : " entries");
}

}  // namespace

std::vector<ledger::NoteKey> LedgerNetwork::own_keys() const {
  return {options_.log_key};
}

std::vector<ledger::NoteKey> LedgerNetwork::own_witnesses() const {
  std::vector<ledger::NoteKey> keys;
  const auto federation = context_.federation();
  for (const ledger::Member& member : federation->members) {
    if (member.address == context_.self.address || !member.has_role("witness")) continue;
    if (const auto key = member.witness_key()) keys.push_back(*key);
  }
  return keys;
}

std::vector<ledger::Address> LedgerNetwork::others() const {
  std::vector<ledger::Address> addresses;
  const auto federation = context_.federation();
  for (const ledger::Member& member : federation->members) {
    if (member.address != context_.self.address && member.status == ledger::MemberStatus::kActive)
      addresses.push_back(member.address);
  }
  return addresses;
}

void LedgerNetwork::on_published(const std::string& own_checkpoint_note) {
  (void)post(0, [this, own_checkpoint_note] {
    const auto opened =
        ledger::open_checkpoint_of(own_checkpoint_note, own_origin_, own_keys(), own_witnesses());
    if (opened) own_cosignatures_.add_checkpoint(*opened);
  });
}

void LedgerNetwork::take_own_cosignature(std::string_view line, const ledger::NoteKey& witness) {
  if (!own_cosignatures_.take(line, witness)) return;
  const auto note = own_cosignatures_.witnessed(context_.federation()->witness_quorum);
  const auto opened = note ? ledger::open_checkpoint_of(*note, own_origin_, own_keys())
                           : ledger::Result<ledger::SignedCheckpoint>(ledger::Problem{});
  if (!opened || opened->checkpoint.size > journal_.checkpoint().size) return;
  const std::uint64_t size = opened->checkpoint.size;
  if (size < view().witnessed) return;  // an equal one may have newer lines
  store_.set_own_witnessed(own_origin_, *note);
  const std::lock_guard lock(mutex_);
  own_witnessed_ = *note;
  view_.witnessed = size;
}

// --- before anything is signed

void LedgerNetwork::on_ready() {
  (void)post(0, [this] {
    // Cosignatures are retained: the broker may have lost them, or never got them.
    for (auto& [origin, log] : logs_) log.tree_seen = 0;
    if (comparison_ == Comparison::kWaiting) start_comparison();
  });
}

// The retained checkpoint comes by itself; the others are asked what they hold of this log. What they answer
// is signed by this log's own key, so that nobody can make it up.
void LedgerNetwork::start_comparison() {
  comparison_ = Comparison::kComparing;
  compare_until_ = Timer::Clock::now() + options_.startup_wait;
  const LedgerRangeQuery query{own_origin_, journal_.checkpoint().size, 1};
  for (const ledger::Address& peer : others()) {
    ++comparisons_open_;
    calls_.call(peer, Operation::kLedgerRange, encode_params(query), options_.startup_wait,
                [this, peer](const Outcome<std::string>& answer) {
                  (void)post(0, [this, peer, answer] {
                    const auto range = answer ? parse_ledger_range_answer(*answer)
                                              : ledger::Result<LedgerRange>(ledger::Problem{});
                    if (range) compare(peer.text(), range->note);
                    if (comparisons_open_ > 0) --comparisons_open_;
                    comparison_step();
                  });
                });
  }
  comparison_step();
}

void LedgerNetwork::comparison_step() {
  if (comparison_ != Comparison::kComparing) return;
  const bool waited = Timer::Clock::now() >= compare_until_;
  if (comparisons_open_ > 0 && !waited) return;
  if (comparisons_open_ > 0)
    log::warning("not everybody said what they remember of this log; the guard file vouches for it", {});
  comparison_ = Comparison::kDone;
  journal_.release();
  compared_ = true;
  options_.on_compared();
  (void)anchor_convictions();
}

void LedgerNetwork::compare(const std::string& who, std::string_view note) {
  const auto opened = ledger::open_checkpoint_of(note, own_origin_, own_keys());
  if (!opened || opened->checkpoint.size == 0) return;
  const ledger::Checkpoint remembered = opened->checkpoint;
  const ledger::Checkpoint own = journal_.checkpoint();
  if (remembered.size > own.size) {
    return freeze("the database was rolled back, or another agent signs with this agent's log key: " + who +
                      " remembers " + entries_text(remembered.size) + ", the database holds " +
                      std::to_string(own.size) +
                      "; `ehr-agent ledger recover` fetches what is missing from the other members",
                  ledger::AlertCode::kRollback);
  }
  const auto reader = open_log(own_origin_);
  if (!reader || reader->size() < remembered.size) return;
  const auto read = [&](unsigned level, std::uint64_t index) { return reader->node(level, index); };
  if (ledger::root_from_nodes(remembered.size, read) == remembered.root) return;
  freeze("two histories of this log are signed, says " + who +
             ": an older database was continued, or another agent signs with this agent's log key; nothing "
             "can mend that, `ehr-agent ledger retire` ends the log and begins the next one",
         ledger::AlertCode::kFrozen);
}

void LedgerNetwork::freeze(const std::string& why, ledger::AlertCode code) {
  if (comparison_ == Comparison::kFrozen) return;
  comparison_ = Comparison::kFrozen;
  compared_ = true;
  journal_.freeze(why);
  alert(code, own_origin_);
}

// --- recovery

ledger::Result<std::string> LedgerNetwork::recover() {
  const auto done = std::make_shared<std::promise<ledger::Result<std::string>>>();
  auto future = done->get_future();
  if (!post(0, [this, done] { begin_recovery(done); })) return ledger::Problem{"the agent is stopping"};
  return future.get();
}

// The own log is followed like any other, from entry 0 on, into a copy; the journal then takes from it what
// it lacks.
void LedgerNetwork::begin_recovery(std::shared_ptr<std::promise<ledger::Result<std::string>>> done) {
  if (recovery_) return done->set_value(ledger::Problem{"a recovery is running already"});
  const auto file = options_.state_dir / "recovery.db";
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + suffix);
  Recovery recovery;
  recovery.done = std::move(done);
  recovery.last_progress = Timer::Clock::now();
  recovery.copy = std::make_unique<FollowedLog>(
      FollowedLog::Identity{context_.self.address, own_origin_, own_keys(), {}, 0}, file, others(),
      FollowedLog::Outside{[this](const RangeAsk& ask) { ask_for_recovery(ask); }, [](const std::string&) {},
                           [](const std::string& what) {
                             log::warning("recovery", {{"cause", what}});
                           }});
  recovery_ = std::move(recovery);
  // Each is asked once what it knows; the largest signed checkpoint is what has to come back.
  for (const ledger::Address& peer : others()) {
    ++recovery_->asked;
    calls_.call(peer, Operation::kLedgerRange, encode_params(LedgerRangeQuery{own_origin_, 0, 1}),
                kRecoveryPatience, [this](const Outcome<std::string>& answer) {
                  (void)post(0, [this, answer] {
                    if (!recovery_) return;
                    --recovery_->asked;
                    const auto range = answer ? parse_ledger_range_answer(*answer)
                                              : ledger::Result<LedgerRange>(ledger::Problem{});
                    if (!range) return;
                    ++recovery_->answered;
                    recovery_->copy->take_checkpoint(range->note, Timer::Clock::now());
                  });
                });
  }
}

void LedgerNetwork::ask_for_recovery(const RangeAsk& ask) {
  calls_.call(ask.peer, Operation::kLedgerRange,
              encode_params(LedgerRangeQuery{own_origin_, ask.from, ask.count}), kRecoveryPatience,
              [this, ask](const Outcome<std::string>& answer) {
                (void)post(0, [this, ask, answer] {
                  if (recovery_) recovery_->copy->answered(ask, answer, Timer::Clock::now());
                });
              });
}

void LedgerNetwork::recovery_step() {
  if (!recovery_) return;
  const auto now = Timer::Clock::now();
  FollowedLog& copy = *recovery_->copy;
  copy.ask_on(now);
  if (copy.replica().size() != recovery_->last_size) {
    recovery_->last_size = copy.replica().size();
    recovery_->last_progress = now;
  }
  const bool stuck = now - recovery_->last_progress > kRecoveryPatience;
  if (!stuck && (recovery_->asked > 0 || !copy.caught_up())) return;
  Recovery recovery = std::move(*recovery_);
  recovery_.reset();
  if (!recovery.copy->caught_up()) {
    return recovery.done->set_value(ledger::Problem{"only " + entries_text(recovery.copy->replica().size()) +
                                                    " of " + std::to_string(recovery.copy->known_size()) +
                                                    " could be fetched from the other members; try again"});
  }
  if (recovery.answered == 0 && !others().empty()) {
    return recovery.done->set_value(
        ledger::Problem{"no other member answered: without them nobody can tell what is missing"});
  }
  const auto recovered = journal_.recover(recovery.copy->replica().reader(), options_.log_key);
  if (!recovered) return recovery.done->set_value(recovered.error());
  comparison_ = Comparison::kDone;
  options_.on_compared();
  (void)anchor_convictions();
  alert(ledger::AlertCode::kRecovered, own_origin_);
  log::info("the ledger signs again", {{"size", std::to_string(journal_.checkpoint().size)}});
  publish_view();  // before whoever waited looks
  recovery.done->set_value("the log holds " + entries_text(journal_.checkpoint().size) + " again, " +
                           std::to_string(recovered->fetched) + " of them fetched from other members");
}

}  // namespace edge
