#include "ledger-client/store/log_writer.h"

#include <algorithm>

#include "ledger-client/core/entry.h"
#include "ledger-client/core/sha256.h"
#include "ledger-client/store/log_copy.h"
#include "ledger-client/store/schema.h"

namespace ledger {
void LogWriter::BatchNodes::start(std::uint64_t size, const std::vector<Hash>& frontier) {
  levels_.clear();
  auto node = frontier.begin();
  for_each_frontier_node(size, [&](unsigned level, std::uint64_t index) { add(level, index, *node++); });
}

void LogWriter::BatchNodes::add(unsigned level, std::uint64_t index, const Hash& hash) {
  if (levels_.size() <= level) levels_.resize(level + 1);
  auto& row = levels_[level];
  if (row.hashes.empty()) row.first = index;
  row.hashes.push_back(hash);  // the frontier's node of a level is the one right before the batch's first
}

Hash LogWriter::BatchNodes::at(unsigned level, std::uint64_t index) const {
  const auto& row = levels_.at(level);
  return row.hashes.at(index - row.first);
}

LogWriter::LogWriter(sqlite::Database& database, std::string origin)
    : database_(database), reader_(database), origin_(std::move(origin)) {
  const auto size = reader_.size();
  frontier_ = frontier_at(reader_, size);
  prev_ = first_prev(origin_);
  if (size > 0) {
    const auto last = reader_.line(size - 1).value();
    const auto entry = parse_entry(last);
    if (!entry || entry->index != size - 1 || entry->origin != origin_) {
      throw UnreadableLog("the last entry is damaged");
    }
    prev_ = sha256(last);
    time_ = entry->time;
  }
  drop();
}

bool LogWriter::claim_unique(const std::vector<NewEntry>& entries) {
  auto index = frontier_.size() + lines_.size();
  for (const auto& entry : entries) {
    const auto own_index = static_cast<std::int64_t>(index++);
    if (entry.unique_key.empty()) continue;
    database_.cached("INSERT OR IGNORE INTO ledger_unique(type, key, idx) VALUES(?1, ?2, ?3)")
        .bind(1, entry.type)
        .bind(2, entry.unique_key)
        .bind(3, own_index)
        .run();
    if (database_.changes() == 0) return false;
  }
  return true;
}

void LogWriter::append_lines(const std::vector<NewEntry>& entries, TimePoint now) {
  for (const auto& entry : entries) {
    const auto index = frontier_.size() + lines_.size();
    staged_time_ = std::max(staged_time_, now);
    auto line = encode_entry({index, origin_, staged_prev_, staged_time_, entry.type, entry.body});
    const Hash leaf = leaf_hash(as_bytes(line));
    database_.cached("INSERT INTO ledger_entry(idx, leaf, line) VALUES(?1, ?2, ?3)")
        .bind(1, static_cast<std::int64_t>(index))
        .bind(2, ByteView(leaf))
        .bind(3, line)
        .run();
    staged_prev_ = sha256(line);
    leaves_.push_back(leaf);
    lines_.push_back(std::move(line));
  }
}

std::optional<AppendError> LogWriter::stage(const std::vector<NewEntry>& entries,
                                            const InTransaction& statements, TimePoint now) {
  const auto count = lines_.size();
  const auto prev = staged_prev_;
  const auto time = staged_time_;
  const auto restore = [&] {
    lines_.resize(count);
    leaves_.resize(count);
    staged_prev_ = prev;
    staged_time_ = time;
  };
  try {
    sqlite::Savepoint savepoint(database_);
    if (statements) statements(database_, frontier_.size() + lines_.size());
    if (!database_.in_transaction())
      throw std::logic_error("statements of an append ended the journal's transaction");
    if (!claim_unique(entries)) return AppendError::kDuplicate;
    if (!entries.empty()) clock_held_ = now < staged_time_;
    append_lines(entries, now);
    savepoint.release();
    return std::nullopt;
  } catch (...) {
    restore();
    throw;
  }
}

SealedCheckpoint LogWriter::seal(const SignCheckpoint& sign) {
  nodes_.start(frontier_.size(), frontier_.nodes());
  sealed_ = frontier_;
  for (const auto& leaf : leaves_) {
    sealed_.append(leaf, [&](unsigned level, std::uint64_t index, const Hash& hash) {
      nodes_.add(level, index, hash);
      if (level == 0) return;  // stands in its entry's row
      database_.cached("INSERT INTO ledger_node(key, hash) VALUES(?1, ?2)")
          .bind(1, node_key(level, index))
          .bind(2, ByteView(hash))
          .run();
    });
  }
  SealedCheckpoint sealed{{origin_, sealed_.size(), sealed_.root()}, {}};
  const auto read_back = [&](unsigned level, std::uint64_t index) { return reader_.node(level, index); };
  const Hash second = sealed_.size() == 0 ? empty_root() : root_from_nodes(sealed_.size(), read_back);
  if (second != sealed.checkpoint.root) throw RootMismatch();

  const auto text = sealed.checkpoint.to_text();
  auto line = sign(text);
  if (!line.ends_with('\n')) line += '\n';
  sealed.note = text + '\n' + line;
  store_checkpoint(database_, sealed.checkpoint.size, sealed.note);
  return sealed;
}

Proof LogWriter::inclusion(std::uint64_t index) const {
  const auto read = [this](unsigned level, std::uint64_t at) { return nodes_.at(level, at); };
  return make_inclusion(index, sealed_.size(), read);
}

void LogWriter::keep() {
  if (!lines_.empty()) frontier_ = sealed_;
  prev_ = staged_prev_;
  time_ = staged_time_;
  drop();
}

void LogWriter::drop() {
  lines_.clear();
  leaves_.clear();
  staged_prev_ = prev_;
  staged_time_ = time_;
}

}  // namespace ledger
