#include "agent/adapters/ledger_answers.h"

#include <algorithm>

#include "ledger-client/core/entry.h"
#include "ledger-client/core/origin.h"
#include "ledger-client/store/log_copy.h"

namespace edge {

namespace {

const Refusal kNotHeld{Code::kNotAvailable, "the log, or this part of it, is not held here"};

}  // namespace

void StoredLedgerAnswers::set_cosign(Cosign cosign) {
  const std::lock_guard lock(mutex_);
  cosign_ = std::move(cosign);
}

Outcome<std::string> StoredLedgerAnswers::range(const LedgerRangeQuery& query) {
  const auto log = open_(query.origin);
  auto piece =
      log ? ledger::read_range(*log, query.from, std::min(query.count, kMaxRangeEntries), kMaxRangeBytes)
          : std::nullopt;
  if (!piece) return kNotHeld;
  return encode_answer(LedgerRange{query.origin, query.from, std::move(piece->lines),
                                   std::move(piece->consistency), std::move(piece->note)});
}

Outcome<std::string> StoredLedgerAnswers::proof(const LedgerProofQuery& query) {
  const auto log = open_(query.origin);
  const auto note = log && query.size <= log->size() ? log->newest_checkpoint_note() : std::nullopt;
  if (!note) return kNotHeld;
  return encode_answer(
      LedgerProof{query.origin, query.old_size, query.size,
                  query.old_size == 0 ? ledger::empty_root() : ledger::root_at(*log, query.old_size),
                  ledger::consistency_between(*log, query.old_size, query.size), *note});
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
    if (!ledger::has_origin_form(origin)) return nullptr;
    const auto file = origin == own_origin ? state_dir / "agent.db" : replica_file(state_dir, origin);
    if (!std::filesystem::exists(file)) return nullptr;
    return std::make_unique<ledger::LogReader>(file);
  };
}

}  // namespace edge
