// LedgerAnswers over stored logs: the own one in agent.db and the verified copies beside it, each opened for
// one answer, so that every answer is one moment of its log. Thread-safe.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>

#include "agent/core/ports.h"
#include "ledger-client/store/log_reader.h"

namespace edge {

// A log for reading; null if the origin is not known here. Throws ledger::UnreadableLog. Called on several
// threads at once.
using OpenLog = std::function<std::unique_ptr<ledger::LogReader>(const std::string& origin)>;
using Cosign = std::function<CosignAnswer(const CosignQuery&)>;

class StoredLedgerAnswers final : public LedgerAnswers {
 public:
  explicit StoredLedgerAnswers(OpenLog open) : open_(std::move(open)) {}
  // Until it is set, this agent is no witness and cosign is `unsupported`.
  void set_cosign(Cosign cosign);

  Outcome<std::string> range(const LedgerRangeQuery& query) override;
  Outcome<std::string> proof(const LedgerProofQuery& query) override;
  Outcome<std::string> cosign(const ledger::Member& asker, const CosignQuery& query) override;

 private:
  const OpenLog open_;
  std::mutex mutex_;  // guards cosign_
  Cosign cosign_;
};

// The file of a copy of that log in the state directory's `replicas`: one name per origin.
// Precondition: ledger::has_origin_form(origin).
std::filesystem::path replica_file(const std::filesystem::path& state_dir, const std::string& origin);
// The own log in the state directory's agent.db, other logs in their replica_file, if there is one.
OpenLog logs_in(const std::filesystem::path& state_dir, const std::string& own_origin);

}  // namespace edge
