// A log that exists in memory only: entries, and signed checkpoints of any size. Forks share entries up to a
// point, which is how a log that lies is played.
#pragma once

#include "ledger-client/core/entry.h"
#include "ledger-client/store/replica.h"
#include "tests/support/test_log.h"

namespace test_support {

class History {
 public:
  explicit History(const LogKey& key) : key_(key), chain_(ledger::chain_start(key.key().name)) {}

  // `count` more `bundle.issued` entries; `salt` makes other ones.
  History& add(std::uint64_t count, std::uint64_t salt = 0);
  History& add_entry(const std::string& type, const std::string& body);
  // The same first `size` entries, then nothing.
  History fork(std::uint64_t size) const;

  std::uint64_t size() const { return lines_.size(); }
  const std::vector<std::string>& lines() const { return lines_; }
  ledger::Hash root(std::uint64_t size) const;
  std::string note(std::uint64_t size) const;
  ledger::Proof consistency(std::uint64_t old_size, std::uint64_t size) const;
  // Entries [from, to) with the checkpoint of `size` and the proof up to it.
  ledger::ReplicaBatch batch(std::uint64_t from, std::uint64_t to, std::uint64_t size) const;
  ledger::ReplicaBatch batch(std::uint64_t from, std::uint64_t to) const { return batch(from, to, to); }

 private:
  ledger::Hash node(unsigned level, std::uint64_t index) const;

  LogKey key_;
  ledger::ChainState chain_;
  std::vector<std::string> lines_;
  std::vector<std::vector<ledger::Hash>> levels_;  // complete subtrees, leaves first
};

}  // namespace test_support
