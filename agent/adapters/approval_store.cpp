#include "agent/adapters/approval_store.h"

#include <algorithm>
#include <array>

#include "agent/core/envelope.h"
#include "ledger-client/core/entry_rules.h"
#include "ledger-client/core/sha256.h"
#include "ledger-client/store/log_reader.h"

namespace edge {

using ledger::sqlite::Database;
using ledger::sqlite::Statement;

namespace {

struct AlreadyUsed {};

Refusal malformed(std::string reason) {
  return {Code::kMalformed, std::move(reason)};
}

Refusal no_entry_now() {
  return {Code::kFailed, "the ledger takes no entry now"};
}

std::vector<ledger::AnchoredVote> votes_on(Database& database, const ledger::LogReader& log,
                                           std::uint64_t seq) {
  Statement& select = database.cached("SELECT entry_index FROM vote WHERE motion = ?1 ORDER BY entry_index");
  select.bind(1, static_cast<std::int64_t>(seq));
  std::vector<std::uint64_t> places;
  while (select.step()) places.push_back(static_cast<std::uint64_t>(select.column_int(0)));
  std::vector<ledger::AnchoredVote> votes;
  for (const std::uint64_t index : places) {
    const auto line = log.line(index);
    const auto entry = line ? ledger::parse_entry(*line) : ledger::Problem{"no such entry"};
    const auto cast = entry ? ledger::decode_vote(*entry) : ledger::Problem{"no such entry"};
    // What the ledger does not hold counts for nothing.
    if (cast) votes.push_back({cast->vote, cast->key, index, entry->time});
  }
  return votes;
}

std::optional<Refusal> why_not(const MotionRow& row, const ledger::Approver& approver, std::uint64_t size,
                               ledger::TimePoint now) {
  if (approver.revoked_from && *approver.revoked_from <= size) return malformed("this approver is revoked");
  if (approver.id == row.motion.subject) return malformed("nobody votes on what is about himself");
  if (row.used) return malformed("what the motion allows has been done");
  if (now >= row.motion.expires) return malformed("the motion has expired");
  if (row.tally.dead) return malformed("the motion is rejected");
  return std::nullopt;
}

}  // namespace

ApprovalStore::ApprovalStore(ledger::Journal& journal, Options options)
    : journal_(journal), options_(std::move(options)), reader_(options_.database) {}

void ApprovalStore::use(ApprovalPolicy policy, std::chrono::milliseconds lifetime) {
  {
    const std::lock_guard lock(mutex_);
    policy_ = std::move(policy);
    lifetime_ = lifetime;
  }
  glass_stands_ = glass_stands();
}

ApprovalPolicy ApprovalStore::policy() const {
  const std::lock_guard lock(mutex_);
  return policy_;
}

std::vector<MotionRow> ApprovalStore::read(std::optional<std::uint64_t> seq) {
  const ApprovalPolicy policy = this->policy();
  return reader_.with([&](Database& database) {
    Statement& select = database.cached(
        "SELECT seq, motion, payload, proposed, used FROM motion WHERE ?1 IS NULL OR seq = ?1 ORDER BY seq "
        "DESC");
    if (seq)
      select.bind(1, static_cast<std::int64_t>(*seq));
    else
      select.bind(1, std::nullopt);
    std::vector<MotionRow> rows;
    while (select.step()) {
      auto motion = ledger::parse_motion(select.column_text(1));
      if (!motion) throw std::runtime_error("agent.db: " + motion.error().reason);
      MotionRow row{
          std::move(*motion), std::string(select.column_text(2)), to_time(select.column_int(3)), {}, {}, {}};
      if (!select.column_null(4)) row.used = to_time(select.column_int(4));
      rows.push_back(std::move(row));
    }
    const ledger::LogReader log(database);
    const ledger::TimePoint now = this->now(log);
    for (MotionRow& row : rows) {
      row.votes = votes_on(database, log, row.motion.seq);
      row.tally = ledger::tally_votes(row.motion, policy.roster, row.votes, policy.needs(row.motion.matter),
                                      log.size(), now);
    }
    return rows;
  });
}

ledger::TimePoint ApprovalStore::now(const ledger::LogReader& log) const {
  const ledger::TimePoint clock = options_.now();
  const auto line = log.size() == 0 ? std::nullopt : log.line(log.size() - 1);
  const auto newest = line ? ledger::parse_entry(*line) : ledger::Problem{"no entry"};
  return newest ? std::max(clock, newest->time) : clock;
}

ledger::TimePoint ApprovalStore::now() {
  return reader_.with([this](Database& database) { return now(ledger::LogReader(database)); });
}

// Nothing can come of it any more.
bool ApprovalStore::exhausted(const MotionRow& row) const {
  return row.used || row.tally.dead || row.tally.expired;
}

Outcome<MotionRow> ApprovalStore::propose(const Deed& deed) {
  const ApprovalPolicy policy = this->policy();
  const std::uint64_t needs = policy.needs(deed.matter);
  if (needs == 0) return malformed("nobody need approve this: the configuration asks for no votes on it");
  std::array<std::uint8_t, 16> random{};
  options_.fill_random(random);
  const ledger::TimePoint now = this->now();
  std::chrono::milliseconds lifetime{};
  {
    const std::lock_guard lock(mutex_);
    lifetime = lifetime_;
  }
  ledger::Motion motion{make_uuid_v4(random),         options_.origin, deed.matter, deed.subject,
                        ledger::sha256(deed.payload), needs,           1,           now + lifetime};
  if (ledger::tally_votes(motion, policy.roster, {}, 0, journal_.checkpoint().size, now).dead)
    return malformed("of those who may vote on this there are fewer than it needs");
  const auto statements = [&](Database& database, std::uint64_t) {
    Statement& last = database.cached("SELECT coalesce(max(seq), 0) FROM motion");
    motion.seq = last.step() ? static_cast<std::uint64_t>(last.column_int(0)) + 1 : 1;
    last.reset();
    database.cached("INSERT INTO motion(seq, sha256, motion, payload, proposed) VALUES(?1, ?2, ?3, ?4, ?5)")
        .bind(1, static_cast<std::int64_t>(motion.seq))
        .bind(2, ledger::ByteView(ledger::motion_sha256(motion)))
        .bind(3, ledger::encode_motion(motion))
        .bind(4, deed.payload)
        .bind(5, to_integer(now))
        .run();
  };
  if (!journal_.append({}, statements)) return no_entry_now();
  return find(motion.seq).value();
}

std::vector<MotionRow> ApprovalStore::list(bool all) {
  auto rows = read(std::nullopt);
  if (!all) std::erase_if(rows, [this](const MotionRow& row) { return exhausted(row); });
  return rows;
}

std::optional<MotionRow> ApprovalStore::find(std::uint64_t seq) {
  auto rows = read(seq);
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

Outcome<MotionRow> ApprovalStore::vote(std::string_view jws) {
  const auto vote = ledger::parse_vote(jws);
  if (!vote) return malformed(vote.error().reason);
  const ApprovalPolicy policy = this->policy();
  const auto approver = std::find_if(policy.roster.begin(), policy.roster.end(),
                                     [&](const ledger::Approver& one) { return one.id == vote->approver; });
  if (approver == policy.roster.end()) return malformed("the configuration lists no such approver");
  if (!ledger::verify_vote(*vote, approver->key)) return malformed("the signature is not this approver's");
  const auto rows = read(std::nullopt);
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const MotionRow& one) {
    return ledger::motion_sha256(one.motion) == vote->motion;
  });
  if (row == rows.end()) return malformed("it is a vote on no motion of this agent");
  const std::uint64_t seq = row->motion.seq;
  for (const auto& before : row->votes)
    if (before.vote.approver == vote->approver && before.vote.choice == vote->choice) return *row;
  if (auto no = why_not(*row, *approver, journal_.checkpoint().size, now())) return std::move(*no);

  const auto statements = [&](Database& database, std::uint64_t index) {
    Statement& used = database.cached("SELECT 1 FROM motion WHERE seq = ?1 AND used IS NULL");
    used.bind(1, static_cast<std::int64_t>(seq));
    const bool open = used.step();
    used.reset();
    if (!open) throw AlreadyUsed{};
    database.cached("INSERT INTO vote(entry_index, motion) VALUES(?1, ?2)")
        .bind(1, static_cast<std::int64_t>(index))
        .bind(2, static_cast<std::int64_t>(seq))
        .run();
  };
  const std::string key = ledger::to_hex(vote->motion) + " " + vote->approver + " " +
                          std::string(ledger::choice_text(vote->choice));
  try {
    const auto appended =
        journal_.append({{std::string(ledger::entry_type::kVote),
                          ledger::encode_body(ledger::VoteCast{row->motion, *vote, approver->key}), key}},
                        statements);
    if (!appended && appended.error() != ledger::AppendError::kDuplicate) return no_entry_now();
  } catch (const AlreadyUsed&) {
    return malformed("what the motion allows has been done");
  }
  glass_stands_ = glass_stands();
  return find(seq).value();
}

Outcome<Approval> ApprovalStore::require(const Deed& deed) {
  if (policy().needs(deed.matter) == 0) return Approval{true, std::nullopt};
  const std::lock_guard one_at_a_time(proposing_);
  std::optional<MotionRow> waiting;
  for (MotionRow& row : read(std::nullopt)) {
    if (row.motion.matter != deed.matter || row.motion.subject != deed.subject ||
        row.payload != deed.payload || exhausted(row))
      continue;
    if (row.tally.passed) return Approval{true, std::move(row)};
    if (!waiting) waiting = std::move(row);
  }
  if (waiting) return Approval{false, std::move(waiting)};
  auto proposed = propose(deed);
  if (!proposed) return proposed.error();
  return Approval{false, std::move(*proposed)};
}

void ApprovalStore::use_up(Database& database, const Approval& approval) const {
  if (!approval.motion) return;
  database.cached("UPDATE motion SET used = ?2 WHERE seq = ?1 AND used IS NULL")
      .bind(1, static_cast<std::int64_t>(approval.motion->motion.seq))
      .bind(2, to_integer(options_.now()))
      .run();
  if (database.changes() != 1) throw UsedUp{};
}

Outcome<ledger::Done> ApprovalStore::use_up(std::span<const Approval> approvals) {
  if (std::none_of(approvals.begin(), approvals.end(),
                   [](const Approval& one) { return one.motion.has_value(); }))
    return ledger::Done{};
  const auto statements = [&](Database& database, std::uint64_t) {
    for (const Approval& approval : approvals) use_up(database, approval);
  };
  try {
    if (!journal_.append({}, statements)) return no_entry_now();
  } catch (const UsedUp&) {
    return malformed("what the motion allows has been done");
  }
  return ledger::Done{};
}

// A motion that passed stays, until a newer one passes that says otherwise.
bool ApprovalStore::glass_stands() {
  if (policy().needs(ledger::matter::kBreakGlassAllow) == 0) return true;
  for (const MotionRow& row : read(std::nullopt)) {
    if (row.motion.matter == ledger::matter::kBreakGlassAllow && row.tally.passed)
      return row.payload == allow_break_glass(true).payload;
  }
  return false;
}

}  // namespace edge
