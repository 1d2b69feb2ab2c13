#include "ledger-client/store/verify.h"

#include "ledger-client/core/merkle.h"
#include "ledger-client/core/proof.h"
#include "ledger-client/store/chain_check.h"

namespace ledger {
namespace {

constexpr std::uint64_t kProgressStep = 8192;

// One pass over a log. Ends at the first fault, which it throws to itself: the way out of callbacks within
// callbacks.
class Verification {
 public:
  Verification(const LogSource& source, std::span<const NoteKey> keys, const VerifyOptions& options)
      : source_(source), keys_(keys), options_(options) {}

  VerifyReport run() {
    try {
      report_.origin = source_.origin();
      chain_.emplace(report_.origin, options_.second_thread);
      checkpoints_ = source_.checkpoints();
      total_ = source_.size();
      check_checkpoints();
      source_.for_each_entry(0, total_, [this](const StoredEntry& entry) {
        take(entry);
        return !chain_->failed();
      });
      if (!chain_->failed()) finish();
    } catch (const LogFault& fault) {
      report_.fault = fault;
    } catch (
        const std::exception& unreadable) {  // a damaged page, a missing tile: what comes next can't be read
      report_.fault = LogFault{LogFault::Kind::kEntry, report_.entries, unreadable.what()};
    }
    end_chain();
    return std::move(report_);
  }

 private:
  [[noreturn]] static void fail(LogFault::Kind kind, std::uint64_t index, const std::string& reason) {
    throw LogFault{kind, index, reason};
  }

  void take(const StoredEntry& entry) {
    const auto index = report_.entries;
    if (entry.index != index) fail(LogFault::Kind::kEntry, index, "the entry is missing");
    const Hash leaf = leaf_hash(as_bytes(entry.line));
    // Before the chain: a changed byte shows here, at its own index, and not at the `prev` of the entry after
    // it.
    if (leaf != entry.leaf) fail(LogFault::Kind::kEntry, index, "its bytes do not fit the stored leaf hash");
    if (options_.chain) chain_->add(entry.line);
    if (chain_->failed()) return;
    frontier_.append(
        leaf, [this](unsigned level, std::uint64_t at, const Hash& hash) { check_node(level, at, hash); });
    ++report_.entries;
    check_checkpoints();
    if (options_.progress && report_.entries % kProgressStep == 0) options_.progress(report_.entries, total_);
  }

  // The chain was given each entry before its place in the tree was looked at: a fault of its own comes
  // first.
  void end_chain() {
    if (!chain_) return;
    ChainFindings found = chain_->finish();
    report_.unknown_types = found.unknown_types;
    report_.void_count = found.void_count;
    report_.void_entries = std::move(found.void_entries);
    if (!found.fault) return;
    report_.entries = found.fault->index;
    report_.fault = std::move(found.fault);
    report_.beyond.reset();
    while (!verified_.empty() && verified_.back().size > report_.entries) verified_.pop_back();
    report_.checkpoints = verified_.size();
    report_.checkpoint = verified_.empty() ? std::nullopt : std::optional(verified_.back());
  }

  void check_node(unsigned level, std::uint64_t index, const Hash& hash) {
    if (level == 0) return;  // compared already
    while (cursors_.size() < level)
      cursors_.push_back(source_.nodes(static_cast<unsigned>(cursors_.size()) + 1));
    const auto& cursor = cursors_[level - 1];
    if (!cursor) return;
    const auto node = cursor->next();
    if (node && node->first == index && node->second == hash) return;
    const auto name = "the stored node " + std::to_string(level) + "/" + std::to_string(index);
    const bool missing = !node || node->first != index;
    fail(LogFault::Kind::kNode, index << level,
         name + (missing ? " is missing" : " is not the hash of what is below it"));
  }

  // Those whose size is reached.
  void check_checkpoints() {
    while (next_checkpoint_ < checkpoints_.size() && checkpoints_[next_checkpoint_].size <= report_.entries) {
      check_checkpoint(checkpoints_[next_checkpoint_++]);
    }
  }

  Result<Checkpoint> open(const std::string& note) const {
    if (options_.signatures) {
      const auto opened = open_checkpoint_of(note, report_.origin, keys_);
      return opened ? Result<Checkpoint>(opened->checkpoint) : opened.error();
    }
    const auto parsed = parse_note(note);
    return parsed ? parse_checkpoint(parsed->text) : Result<Checkpoint>(parsed.error());
  }

  // Whether a checkpoint beyond the stored entries vouches for all of them.
  bool vouched_for() {
    const auto vouch = source_.vouch();
    const auto beyond =
        vouch && vouch->size == report_.entries ? open(vouch->note) : Result<Checkpoint>(Problem{});
    if (!beyond ||
        !verify_consistency(vouch->size, beyond->size, frontier_.root(), beyond->root, vouch->consistency)) {
      return false;
    }
    report_.beyond = *beyond;
    return true;
  }

  void check_checkpoint(const StoredCheckpoint& stored) {
    const auto covered = stored.size == 0 ? 0 : stored.size - 1;
    const auto name = "the checkpoint of size " + std::to_string(stored.size);
    const auto opened = open(stored.note);
    if (!opened) fail(LogFault::Kind::kCheckpoint, covered, name + ": " + opened.error().reason);
    const auto& checkpoint = *opened;
    if (checkpoint.size != stored.size || stored.size != report_.entries) {
      fail(LogFault::Kind::kCheckpoint, covered, name + " is stored under another size or out of order");
    }
    const auto root = frontier_.size() == 0 ? empty_root() : frontier_.root();
    if (checkpoint.root != root) {
      const auto last_good = report_.checkpoint ? report_.checkpoint->size : 0;
      fail(LogFault::Kind::kEntry, std::min(last_good, covered),
           "the entries from here to " + std::to_string(covered) + " are not those that were signed in " +
               name);
    }
    report_.checkpoint = checkpoint;
    verified_.push_back(checkpoint);
    report_.checkpoints = verified_.size();
  }

  void finish() {
    if (report_.entries < total_) fail(LogFault::Kind::kEntry, report_.entries, "the entry is missing");
    if (next_checkpoint_ < checkpoints_.size()) {
      fail(LogFault::Kind::kEntry, report_.entries,
           "the entry is missing: a checkpoint of size " +
               std::to_string(checkpoints_[next_checkpoint_].size) + " is stored");
    }
    const auto covered = report_.checkpoint ? report_.checkpoint->size : 0;
    const bool vouched = (report_.checkpoint && covered == report_.entries) || vouched_for();
    if (!vouched && report_.entries > 0)
      fail(LogFault::Kind::kEntry, covered, "no signed checkpoint covers the entry");
    for (unsigned level = 1; level < 48; ++level) {
      const auto cursor = level <= cursors_.size() ? std::move(cursors_[level - 1]) : source_.nodes(level);
      if (!cursor) continue;
      if (const auto extra = cursor->next()) {
        fail(LogFault::Kind::kNode, report_.entries,
             "the stored node " + std::to_string(level) + "/" + std::to_string(extra->first) +
                 " lies outside the tree");
      }
    }
    if (!vouched)
      fail(LogFault::Kind::kNothing, 0, "nothing is held yet, neither an entry nor a signed checkpoint");
    if (options_.progress) options_.progress(report_.entries, total_);
  }

  const LogSource& source_;
  std::span<const NoteKey> keys_;
  const VerifyOptions& options_;
  VerifyReport report_;
  std::uint64_t total_ = 0;
  std::optional<ChainCheck> chain_;
  Frontier frontier_;
  std::vector<std::unique_ptr<NodeCursor>> cursors_;  // level 1 first
  std::vector<StoredCheckpoint> checkpoints_;
  std::size_t next_checkpoint_ = 0;
  std::vector<Checkpoint> verified_;
};

}  // namespace

VerifyReport verify_log(const LogSource& source, std::span<const NoteKey> keys,
                        const VerifyOptions& options) {
  return Verification(source, keys, options).run();
}

}  // namespace ledger
