#include "agent/daemon/followed_log.h"

#include "agent/core/ledger_query.h"
#include "ledger-client/core/limits.h"

namespace edge {

using ledger::ReplicaBatch;

namespace {

// What is no replica of this log is put aside and fetched anew: somebody's mistake must not keep the agent
// down.
ledger::Replica open_replica(const std::filesystem::path& file, const std::string& origin,
                             const std::function<void(const std::string&)>& note) {
  try {
    return ledger::Replica(file, origin);
  } catch (const std::runtime_error& fault) {
    note("the replica " + file.filename().string() + " is set aside: " + fault.what());
  }
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::error_code missing;
    std::filesystem::rename(file.string() + suffix, file.string() + ".aside" + suffix, missing);
  }
  return ledger::Replica(file, origin);
}

}  // namespace

FollowedLog::FollowedLog(Identity identity, const std::filesystem::path& database,
                         std::vector<ledger::Address> peers, Outside outside)
    : identity_(std::move(identity)),
      outside_(std::move(outside)),
      replica_(open_replica(database, identity_.origin, outside_.note)),
      catch_up_(std::move(peers)),
      keys_(identity_.keys) {
  keys_.insert(keys_.end(), identity_.witnesses.begin(), identity_.witnesses.end());
  if (!replica_.repaired().empty()) outside_.note(replica_.repaired());
  if (const auto note = replica_.newest_note()) remember(*note);
  if (const auto note = replica_.witnessed_note()) {
    remember(*note);
    const auto opened = ledger::open_checkpoint_of(*note, identity_.origin, identity_.keys);
    if (opened) witnessed_size_ = opened->checkpoint.size;
  }
}

void FollowedLog::remember(std::string_view note) {
  const auto opened = ledger::open_checkpoint_of(note, identity_.origin, identity_.keys, identity_.witnesses);
  if (!opened) return;
  cosignatures_.add_checkpoint(*opened);
  if (opened->checkpoint.size == replica_.size()) held_note_ = opened->note;
}

void FollowedLog::take_entries(std::string_view message) {
  auto decoded = ledger::decode_entries_message(message);
  if (!decoded || decoded->origin != identity_.origin) return;
  const bool follows = !held_.empty() && decoded->from == held_from_ + held_.size();
  if (!follows) {
    held_.clear();
    held_bytes_ = 0;
    held_from_ = decoded->from;
  }
  for (auto& line : decoded->lines) {
    held_bytes_ += line.size();
    held_.push_back(std::move(line));
  }
  if (held_bytes_ <= kMaxHeldBytes) return;
  held_.clear();  // fetched when a checkpoint vouches for them
  held_bytes_ = 0;
}

bool FollowedLog::append(const ReplicaBatch& batch) {
  const auto taken = replica_.append(batch, keys_);
  if (taken) {
    remember(batch.note);
    return true;
  }
  outside_.note("entries of " + identity_.origin + " refused: " + taken.error().reason);
  // Also where only the entries beside a signed checkpoint don't lead to it: it may be another history's.
  if (!taken.error().signed_note.empty()) outside_.contradiction(taken.error().signed_note);
  return false;
}

void FollowedLog::append_held(std::string_view note, std::uint64_t size) {
  const std::uint64_t end = held_from_ + held_.size();
  if (held_.empty() || held_from_ > replica_.size() || end < size || size <= replica_.size()) return;
  const auto covered = static_cast<std::ptrdiff_t>(size - held_from_);
  ReplicaBatch batch{held_from_, {}, std::string(note), {}};
  batch.lines.assign(std::make_move_iterator(held_.begin()),
                     std::make_move_iterator(held_.begin() + covered));
  held_.erase(held_.begin(), held_.begin() + covered);
  held_from_ = size;
  held_bytes_ = 0;
  for (const auto& line : held_) held_bytes_ += line.size();
  append(batch);
}

void FollowedLog::take_checkpoint(std::string_view note, Time now) {
  const auto opened = ledger::open_checkpoint_of(note, identity_.origin, identity_.keys, identity_.witnesses);
  if (!opened) return;
  const std::uint64_t size = opened->checkpoint.size;
  append_held(note, size);
  if (const auto taken = replica_.take_checkpoint(note, keys_); !taken) {
    if (!taken.error().signed_note.empty()) outside_.contradiction(taken.error().signed_note);
    return;
  }
  remember(note);
  catch_up_.want(replica_.size(), size);
  ask_on(now);
}

bool FollowedLog::take_cosignature(std::string_view line, const ledger::NoteKey& witness) {
  if (!cosignatures_.take(line, witness)) return false;
  const auto note = cosignatures_.witnessed(identity_.quorum);
  if (!note) return false;
  const auto opened = ledger::open_checkpoint_of(*note, identity_.origin, identity_.keys);
  if (!opened || opened->checkpoint.size <= witnessed_size_ || opened->checkpoint.size > replica_.size())
    return false;
  witnessed_size_ = opened->checkpoint.size;
  replica_.note_witnessed(*note);
  return true;
}

void FollowedLog::ask_on(Time now) {
  if (caught_up()) return;
  for (const RangeAsk& ask : catch_up_.next(replica_.size(), now)) outside_.ask(ask);
}

void FollowedLog::answered(const RangeAsk& ask, const Outcome<std::string>& answer, Time now) {
  auto range = answer ? parse_ledger_range_answer(*answer) : ledger::Result<LedgerRange>(ledger::Problem{});
  if (!range || range->origin != identity_.origin || range->from != ask.from || range->lines.empty() ||
      range->lines.size() > ask.count) {
    catch_up_.failed(ask, now);
    return ask_on(now);
  }
  catch_up_.answered(ask, range->lines.size());
  // Who answers may know of more than was asked for.
  if (const auto opened = ledger::open_checkpoint_of(range->note, identity_.origin, identity_.keys)) {
    catch_up_.want(replica_.size(), opened->checkpoint.size);
  }
  pieces_.insert_or_assign(ask.from, Piece{ask.peer,
                                           {range->from, std::move(range->lines), std::move(range->note),
                                            std::move(range->consistency)}});
  take_pieces(now);
  ask_on(now);
}

void FollowedLog::take_pieces(Time now) {
  while (!pieces_.empty() && pieces_.begin()->first <= replica_.size()) {
    const auto node = pieces_.extract(pieces_.begin());
    const ReplicaBatch& batch = node.mapped().batch;
    if (batch.from + batch.lines.size() <= replica_.size()) continue;
    if (append(batch)) continue;
    // Everything from here on is asked for anew, of somebody else first.
    pieces_.clear();
    catch_up_.distrust(node.mapped().peer, now);
    catch_up_.restart(replica_.size());
  }
}

bool FollowedLog::heal(Time now) {
  const auto damaged = replica_.first_damage();
  if (!damaged) return false;
  outside_.note("the replica of " + identity_.origin + " is damaged at entry " + std::to_string(*damaged) +
                ": it is fetched again from there");
  const std::uint64_t known = known_size();
  replica_.cut(*damaged);
  pieces_.clear();
  held_.clear();
  held_bytes_ = 0;
  catch_up_.want(replica_.size(), known);
  catch_up_.restart(replica_.size());
  ask_on(now);
  return true;
}

}  // namespace edge
