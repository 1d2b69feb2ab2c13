#include "ledger-client/cli/replicas.h"

#include <algorithm>
#include <fstream>

#include "ledger-client/cli/files.h"
#include "ledger-client/store/kept_note.h"
#include "ledger-client/store/log_copy.h"
#include "ledger-client/store/sqlite.h"

namespace ledger::cli {
namespace {

constexpr std::string_view kPrefix = "ehr/";

std::vector<NoteKey> keys_for(const std::string& origin, const Trust& trust) {
  auto keys = trust.keys_of(origin);
  const auto& witnesses = trust.witnesses();
  keys.insert(keys.end(), witnesses.begin(), witnesses.end());
  return keys;
}

std::uint64_t size_of(const std::optional<std::string>& note) {
  const auto checkpoint = note ? checkpoint_of(*note) : std::nullopt;
  return checkpoint ? checkpoint->size : 0;
}

// A source that can't be read is no fault of the replica.
template <typename Read>
auto of_source(const Read& read) {
  try {
    return read();
  } catch (const sqlite::SqliteError& error) {
    throw UnreadableLog(error.what());
  }
}

}  // namespace

std::filesystem::path replica_file(const std::filesystem::path& directory, const std::string& origin) {
  auto name = origin.starts_with(kPrefix) ? origin.substr(kPrefix.size()) : "";
  std::replace(name.begin(), name.end(), '/', '_');  // a later generation: 10-20-0-5_2
  const bool safe = name.find_first_not_of("0123456789abcdef-_") == name.npos;
  if (name.empty() || !safe) {
    throw UserError(kUsage, origin + " is not the log of an agent", "only logs of ehr-agent are replicated");
  }
  return directory / (name + ".db");
}

ReplicatedLog::ReplicatedLog(const std::filesystem::path& directory, const std::string& origin,
                             const Trust& trust)
    : log_keys_(trust.keys_of(origin)),
      keys_(keys_for(origin, trust)),
      replica_(replica_file(directory, origin), origin),
      cosignatures_(origin, trust.keys_of(origin), trust),
      evidence_(replica_file(directory, origin).replace_extension(".contradiction")) {
  if (std::filesystem::exists(evidence_)) {
    contradiction_ = "a checkpoint contradicts the entries held here: " + evidence_.string();
  }
  if (const auto note = replica_.newest_note()) {
    cosignatures_.take_checkpoint(*note);
    if (!complete()) notes_.emplace(target(), *note);
  }
}

std::uint64_t ReplicatedLog::target() const {
  return std::max(size_of(replica_.newest_note()), replica_.size());
}

std::uint64_t ReplicatedLog::witnessed_size() const {
  return size_of(replica_.witnessed_note());
}

// The contradiction as a proof that convinces others, where what is held here completes it.
std::optional<Equivocation> ReplicatedLog::proof_of(const std::string& signed_note) {
  const auto lie = checkpoint_of(signed_note);
  if (!lie) return std::nullopt;
  for (const auto& note : {replica_.newest_note(), replica_.reader().newest_checkpoint_note()}) {
    const auto held = note ? checkpoint_of(*note) : std::nullopt;
    if (!held || held->size < lie->size) continue;
    std::optional<Hash> prefix_root;
    Proof consistency;
    if (lie->size < held->size) {
      if (lie->size == 0 || held->size > replica_.size()) continue;
      prefix_root = replica_.root_at(lie->size);
      consistency = consistency_between(replica_.reader(), lie->size, held->size);
    }
    auto proof = find_equivocation(signed_note, *note, prefix_root, consistency, log_keys_);
    if (proof) return proof;
  }
  return std::nullopt;
}

// Freezes the log on a contradiction; otherwise what is wrong is the message's or the source's fault.
std::string ReplicatedLog::judge(const Result<Done, ReplicaRefusal>& result) {
  if (result) {
    remember_witnessed();
    return {};
  }
  const auto& refusal = result.error();
  if (refusal.kind != ReplicaRefusal::Kind::kContradiction) return refusal.reason;
  const auto proof = proof_of(refusal.signed_note);
  write_output(evidence_.string(), proof ? encode_equivocation(*proof) : refusal.signed_note);
  contradiction_ = "CONTRADICTION: " + refusal.reason +
                   "; the log signed two histories, nothing more is taken from it. " +
                   (proof ? "`ehr-ledger check " + evidence_.string() + "` proves it"
                          : "The signed checkpoint is in " + evidence_.string());
  drop_waiting();
  return contradiction_;
}

std::string ReplicatedLog::fill(const LogSource& source,
                                const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  if (frozen()) return contradiction_;
  try {
    // First what the source claims: whatever then can't be taken of it is known to be missing.
    if (const auto note = of_source([&] { return source.newest_checkpoint_note(); })) {
      auto wrong = judge(replica_.take_checkpoint(*note, keys_));
      if (!wrong.empty()) return wrong;
    }
    while (true) {
      auto piece = of_source([&] { return read_range(source, replica_.size()); });
      if (!piece) return {};  // it holds less than is here
      const bool at_end = piece->lines.empty();
      const auto before = replica_.size();
      auto wrong =
          judge(replica_.append({before, std::move(piece->lines), piece->note, piece->consistency}, keys_));
      if (!wrong.empty()) return wrong;
      cosignatures_.take_checkpoint(piece->note);
      remember_witnessed();
      if (progress) progress(replica_.size(), std::max(target(), replica_.size()));
      if (at_end || replica_.size() == before) return {};
    }
  } catch (const UnreadableLog& unreadable) {
    return unreadable.what();
  } catch (const std::out_of_range& missing) {
    return missing.what();
  }
}

void ReplicatedLog::drop_waiting() {
  waiting_.clear();
  waiting_bytes_ = 0;
}

std::string ReplicatedLog::take_entries(const std::string& bytes) {
  if (frozen()) return {};
  auto message = decode_entries_message(bytes);
  if (!message) return message.error().reason;
  if (message->origin != origin()) return "the entries are of another log";
  const auto end = waiting_from_ + waiting_.size();
  if (message->from + message->lines.size() <= std::max(replica_.size(), waiting_.empty() ? 0 : end)) {
    return commit();  // delivered twice
  }
  if (waiting_.empty() || message->from != end) {
    drop_waiting();
    waiting_from_ = message->from;
  }
  for (auto& line : message->lines) {
    waiting_bytes_ += line.size();
    waiting_.push_back(std::move(line));
  }
  if (waiting_bytes_ > kMaxWaitingBytes) {
    drop_waiting();
    return "too many entries without a checkpoint or behind a gap: dropped, to be filled from a source";
  }
  return commit();
}

std::string ReplicatedLog::take_checkpoint(const std::string& note) {
  if (frozen()) return {};
  auto wrong = judge(replica_.take_checkpoint(note, keys_));
  if (!wrong.empty()) return wrong;
  cosignatures_.take_checkpoint(note);
  remember_witnessed();
  const auto size = size_of(note);
  if (size > replica_.size()) notes_.emplace(size, note);
  if (notes_.size() > kMaxNotes) notes_.erase(notes_.begin());
  return commit();
}

void ReplicatedLog::take_cosignature(const std::string& line) {
  cosignatures_.take_cosignature(line);
  remember_witnessed();
}

void ReplicatedLog::remember_witnessed() {
  const auto& witnessed = cosignatures_.witnessed();
  if (witnessed && witnessed->checkpoint.size > witnessed_size()) replica_.note_witnessed(witnessed->note);
}

std::optional<std::uint64_t> ReplicatedLog::gap_end() const {
  if (!waiting_.empty() && waiting_from_ > replica_.size()) return waiting_from_;
  if (waiting_.empty() && !complete()) return target();
  return std::nullopt;
}

// Takes what a checkpoint covers exactly, up to the largest such checkpoint.
std::string ReplicatedLog::commit() {
  notes_.erase(notes_.begin(), notes_.upper_bound(replica_.size()));
  if (waiting_.empty() || waiting_from_ > replica_.size()) return {};
  auto fitting = notes_.upper_bound(waiting_from_ + waiting_.size());
  if (fitting == notes_.begin()) return {};
  --fitting;
  const auto count = static_cast<std::ptrdiff_t>(fitting->first - waiting_from_);
  ReplicaBatch batch{waiting_from_, {}, fitting->second, {}};
  batch.lines.assign(std::make_move_iterator(waiting_.begin()),
                     std::make_move_iterator(waiting_.begin() + count));
  waiting_.erase(waiting_.begin(), waiting_.begin() + count);
  waiting_from_ += static_cast<std::uint64_t>(count);
  waiting_bytes_ = 0;
  for (const auto& line : waiting_) waiting_bytes_ += line.size();
  auto wrong = judge(replica_.append(batch, keys_));
  if (!wrong.empty()) drop_waiting();
  notes_.erase(notes_.begin(), notes_.upper_bound(replica_.size()));
  return wrong;
}

}  // namespace ledger::cli
