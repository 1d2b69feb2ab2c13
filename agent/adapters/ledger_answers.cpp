#include "agent/adapters/ledger_answers.h"

#include <algorithm>

#include "ledger-client/core/checkpoint.h"
#include "ledger-client/core/entry.h"

namespace edge {

namespace {

const Refusal kNotHeld{Code::kNotAvailable, "the log, or this part of it, is not held here"};

struct Found {
  std::uint64_t size = 0;
  std::string note;
};

std::optional<Found> found(const std::optional<std::string>& note) {
  const auto parsed =
      note ? ledger::parse_note(*note) : ledger::Result<ledger::ParsedNote>(ledger::Problem{});
  const auto checkpoint =
      parsed ? ledger::parse_checkpoint(parsed->text) : ledger::Result<ledger::Checkpoint>(ledger::Problem{});
  if (!checkpoint) return std::nullopt;
  return Found{checkpoint->size, *note};
}

// The newest checkpoint of at most `size` entries: what is held can be proven against it. A copy may know of
// a checkpoint whose entries are still on their way.
std::optional<Found> newest_within(const ledger::LogReader& log, std::uint64_t size) {
  auto newest = found(log.newest_checkpoint_note());
  if (!newest || newest->size <= size) return newest;
  auto all = log.checkpoints();
  const auto fits = std::find_if(all.rbegin(), all.rend(), [&](const auto& one) { return one.size <= size; });
  return fits == all.rend() ? std::nullopt : found(fits->note);
}

ledger::Proof consistency(const ledger::LogReader& log, std::uint64_t old_size, std::uint64_t size) {
  if (old_size == 0 || old_size == size) return {};
  return ledger::make_consistency(
      old_size, size, [&log](unsigned level, std::uint64_t index) { return log.node(level, index); });
}

std::vector<std::string> lines_of(const ledger::LogReader& log, std::uint64_t from, std::uint64_t to) {
  std::vector<std::string> lines;
  std::size_t bytes = 0;
  log.for_each(from, to, [&](std::uint64_t index, std::string_view line) {
    bytes += line.size() + 1;
    // A line that is missing or too long is damage here; what stands before it is still good.
    if (index != from + lines.size() || line.size() > ledger::kMaxEntryBytes || bytes > kMaxRangeBytes)
      return false;
    lines.emplace_back(line);
    return true;
  });
  return lines;
}

}  // namespace

void StoredLedgerAnswers::set_cosign(Cosign cosign) {
  const std::lock_guard lock(mutex_);
  cosign_ = std::move(cosign);
}

Outcome<std::string> StoredLedgerAnswers::range(const LedgerRangeQuery& query) {
  const auto log = open_(query.origin);
  if (!log) return kNotHeld;
  const auto newest = newest_within(*log, log->size());
  if (!newest || query.from > newest->size) return kNotHeld;
  LedgerRange range{query.origin, query.from, {}, {}, newest->note};
  const std::uint64_t to = std::min(newest->size, query.from + std::min(query.count, kMaxRangeEntries));
  range.lines = lines_of(*log, query.from, to);
  if (range.lines.empty() && to > query.from) return Refusal{Code::kFailed, "the stored log is damaged"};
  range.consistency = consistency(*log, query.from + range.lines.size(), newest->size);
  return encode_answer(range);
}

Outcome<std::string> StoredLedgerAnswers::proof(const LedgerProofQuery& query) {
  const auto log = open_(query.origin);
  if (!log || query.size > log->size()) return kNotHeld;
  const auto note = log->newest_checkpoint_note();
  if (!note) return kNotHeld;
  return encode_answer(LedgerProof{query.origin, query.old_size, query.size,
                                   consistency(*log, query.old_size, query.size), *note});
}

Outcome<std::string> StoredLedgerAnswers::cosign(const ledger::Member&, const CosignQuery& query) {
  Cosign cosign;
  {
    const std::lock_guard lock(mutex_);
    cosign = cosign_;
  }
  if (!cosign) return Refusal{Code::kUnsupported, "this agent is no witness"};
  return encode_answer(cosign(query));
}

std::filesystem::path replica_file(const std::filesystem::path& state_dir, const std::string& origin) {
  std::string name = origin;
  // No origin holds a `_`, so two origins never share a name.
  std::replace(name.begin(), name.end(), '/', '_');
  return state_dir / "replicas" / (name + ".db");
}

OpenLog logs_in(const std::filesystem::path& state_dir, const std::string& own_origin) {
  return [state_dir, own_origin](const std::string& origin) -> std::unique_ptr<ledger::LogReader> {
    if (!ledger::is_origin(origin)) return nullptr;
    const auto file = origin == own_origin ? state_dir / "agent.db" : replica_file(state_dir, origin);
    if (!std::filesystem::exists(file)) return nullptr;
    return std::make_unique<ledger::LogReader>(file);
  };
}

}  // namespace edge
