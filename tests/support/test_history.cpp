#include "tests/support/test_history.h"

#include "ledger-client/core/merkle.h"
#include "ledger-client/core/sha256.h"

namespace test_support {

History& History::add(std::uint64_t count, std::uint64_t salt) {
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto entry = issued(size() + salt);
    add_entry(entry.type, entry.body);
  }
  return *this;
}

History& History::add_entry(const std::string& type, const std::string& body) {
  const auto time = ledger::parse_time("2026-11-22T08:00:00.000Z").value() + std::chrono::seconds(size());
  lines_.push_back(ledger::encode_entry({size(), key_.key().name, chain_.prev, time, type, body}));
  chain_.prev = ledger::sha256(lines_.back());
  auto hash = ledger::leaf_hash(ledger::as_bytes(lines_.back()));
  for (std::size_t level = 0;; ++level) {
    if (levels_.size() == level) levels_.emplace_back();
    auto& row = levels_[level];
    row.push_back(hash);
    if (row.size() % 2 != 0) return *this;
    hash = ledger::node_hash(row[row.size() - 2], row.back());
  }
}

History History::fork(std::uint64_t size) const {
  History other(key_);
  other.lines_.assign(lines_.begin(), lines_.begin() + static_cast<std::ptrdiff_t>(size));
  for (std::size_t level = 0; level < levels_.size() && size >> level > 0; ++level) {
    const auto& row = levels_[level];
    other.levels_.emplace_back(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(size >> level));
  }
  if (size > 0) other.chain_.prev = ledger::sha256(lines_[size - 1]);
  return other;
}

ledger::Hash History::node(unsigned level, std::uint64_t index) const {
  return levels_.at(level).at(index);
}

ledger::Hash History::root(std::uint64_t size) const {
  return ledger::root_from_nodes(size, [this](unsigned level, std::uint64_t at) { return node(level, at); });
}

std::string History::note(std::uint64_t size) const {
  const auto text = ledger::Checkpoint{key_.key().name, size, root(size)}.to_text();
  return text + '\n' + key_.sign(text);
}

ledger::Proof History::consistency(std::uint64_t old_size, std::uint64_t size) const {
  if (old_size == 0 || old_size == size) return {};
  return ledger::make_consistency(old_size, size,
                                  [this](unsigned level, std::uint64_t at) { return node(level, at); });
}

ledger::ReplicaBatch History::batch(std::uint64_t from, std::uint64_t to, std::uint64_t size) const {
  return {
      from,
      {lines_.begin() + static_cast<std::ptrdiff_t>(from), lines_.begin() + static_cast<std::ptrdiff_t>(to)},
      note(size),
      consistency(to, size)};
}

}  // namespace test_support
