#include "ledger-client/cli/states.h"

#include <algorithm>

#include "ledger-client/store/verify.h"

namespace ledger::cli {
namespace {

constexpr std::size_t kMaxLookedAt = 64;  // stored checkpoints, from the newest on

}  // namespace

const char* LogStates::of(std::uint64_t index) const {
  if (index < witnessed_size) return "witnessed";
  return index < signed_size ? "signed" : "durable";
}

LogStates states_of(const LogSource& log, const Trust& trust) {
  LogStates states;
  const auto origin = log.origin();
  const auto known = trust.origins();
  if (std::find(known.begin(), known.end(), origin) == known.end()) return states;
  const auto& keys = trust.keys_of(origin);
  const auto look = [&](const std::string& note) {
    auto opened = open_checkpoint_of(note, origin, keys, trust.witnesses());
    if (!opened) return;
    const auto size = opened->checkpoint.size;
    states.signed_size = std::max(states.signed_size, size);
    if (trust.is_witnessed(opened->cosigners)) states.witnessed_size = std::max(states.witnessed_size, size);
    if (states.cosigners.empty()) states.cosigners = std::move(opened->cosigners);
  };
  const auto checkpoints = log.checkpoints();
  for (auto at = checkpoints.rbegin(); at != checkpoints.rend() && states.witnessed_size == 0; ++at) {
    if (at - checkpoints.rbegin() == kMaxLookedAt) break;
    look(at->note);
  }
  if (const auto note = log.witnessed_note()) look(*note);
  // While a copy is incomplete, a checkpoint behind its end vouches for all of it.
  const auto vouch = log.vouch();
  if (vouch && open_checkpoint_of(vouch->note, origin, keys)) states.signed_size = vouch->size;
  return states;
}

std::string witnesses_for_people(const std::vector<NoteSigner>& cosigners) {
  auto text = std::to_string(cosigners.size()) + (cosigners.size() == 1 ? " witness" : " witnesses");
  std::string names;
  for (const auto& signer : cosigners) names += (names.empty() ? "" : ", ") + signer.key.name;
  return names.empty() ? text : text + " (" + names + ")";
}

Cosignatures::Cosignatures(std::string origin, std::vector<NoteKey> log_keys, const Trust& trust)
    : origin_(std::move(origin)), log_keys_(std::move(log_keys)), trust_(trust) {}

void Cosignatures::take_checkpoint(const std::string& note) {
  auto opened = open_checkpoint_of(note, origin_, log_keys_, trust_.witnesses());
  if (!opened) return;
  const auto size = opened->checkpoint.size;
  if (const auto known = checkpoints_.find(size); known != checkpoints_.end()) return;
  if (trust_.is_witnessed(opened->cosigners) && (!witnessed_ || witnessed_->checkpoint.size <= size)) {
    witnessed_ = *opened;
  }
  checkpoints_.emplace(size, std::move(*opened));
  if (checkpoints_.size() > kMaxCheckpoints) checkpoints_.erase(checkpoints_.begin());
  auto waiting = std::move(waiting_);
  waiting_.clear();
  for (auto& line : waiting) {
    if (!attach(line)) waiting_.push_back(std::move(line));
  }
}

void Cosignatures::take_cosignature(const std::string& line) {
  if (attach(line)) return;
  if (waiting_.size() == kMaxWaiting) waiting_.erase(waiting_.begin());
  waiting_.push_back(line);
}

bool Cosignatures::attach(const std::string& line) {
  for (auto at = checkpoints_.rbegin(); at != checkpoints_.rend(); ++at) {
    auto& known = at->second;
    // The line alone decides: opened with the note, a wrong one refuses it, and a stranger's adds nobody.
    const auto joined = open_checkpoint_of(known.note + line, origin_, log_keys_, trust_.witnesses());
    if (!joined || joined->cosigners.size() <= known.cosigners.size()) continue;
    known = *joined;
    const auto size = known.checkpoint.size;
    const bool larger = !witnessed_ || witnessed_->checkpoint.size <= size;
    if (larger && trust_.is_witnessed(known.cosigners)) witnessed_ = known;
    return true;
  }
  return false;
}

}  // namespace ledger::cli
